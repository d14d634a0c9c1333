// Several engines at once: reached side by side, and followed while a lab runs on them.
import {MachineError} from '../../driver.ts'
import {dial} from './dial.ts'
import type {Endpoint} from './endpoint.ts'
import {ask, type Engine, within} from './engine.ts'

/** Milliseconds between two looks at an engine, and without a word until it counts as gone: a busy machine is slow, too. */
const LOOK_EVERY = 2_000
const SILENCE = 10_000

/** A client for an engine, whether or not it answers. */
export function engineAt(endpoint: Endpoint): Engine {
  const where = endpoint.name === endpoint.url ? endpoint.url : `${endpoint.name} (${endpoint.url})`
  return {docker: dial(endpoint), where, description: where}
}

/** The engines that answer, and why the others do not. */
export async function reachEngines(endpoints: readonly Endpoint[]): Promise<({engine: Engine} | {endpoint: Endpoint; why: string})[]> {
  return Promise.all(
    endpoints.map(async (endpoint) => {
      try {
        const {docker, where} = engineAt(endpoint)
        const answer = await ask(docker, where)
        return 'why' in answer ? {endpoint, why: answer.why} : {engine: answer}
      } catch (error) {
        if (!(error instanceof MachineError)) throw error
        return {endpoint, why: error.message}
      }
    }),
  )
}

/** @throws MachineError that names every engine that does not answer */
export async function requireEngines(endpoints: readonly Endpoint[]): Promise<readonly Engine[]> {
  const reached = await reachEngines(endpoints)
  const missing = reached.filter((each) => 'why' in each)
  if (missing.length === 0) return reached.flatMap((each) => ('engine' in each ? [each.engine] : []))
  const words = missing.map(({endpoint, why}) =>
    why.includes(endpoint.name) ? why : `no Docker engine answers at ${nameOf(endpoint)}: ${why}`,
  )
  throw new MachineError('no-engine', words.join('; '), [
    'see whether docker info works there: podwire doctor --engines ... asks all of them',
  ])
}

function nameOf({name, url}: Endpoint): string {
  return name === url ? url : `${name} (${url})`
}

/**
 * Looks at an engine again and again. One that has stopped refuses, one that hangs or whose machine has gone says nothing.
 * @param gone is told once, and why
 * @returns ends it
 */
export function followEngine({docker, where}: Engine, gone: (why: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  let over = false
  const look = async (failed = false) => {
    try {
      await within(docker.ping(), where, SILENCE)
      if (!over) timer = setTimeout(look, LOOK_EVERY).unref()
    } catch (error) {
      const words = error instanceof Error ? error.message.trim() : String(error)
      if (over) return
      // One refusal may be a hiccup of the connection; silence has lasted long enough.
      if (error instanceof MachineError || failed) gone(error instanceof MachineError ? words : `the engine at ${where} has gone: ${words}`)
      else timer = setTimeout(() => void look(true), 100).unref()
    }
  }
  timer = setTimeout(look, LOOK_EVERY).unref()
  return () => {
    over = true
    clearTimeout(timer)
  }
}
