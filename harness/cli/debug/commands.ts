// What the prompt's commands do: what podwire's commands of those names do, on the lab that the prompt is of.

import {setTimeout as sleep} from 'node:timers/promises'
import Table from 'cli-table3'
import type {Place} from '../../model.ts'
import {EXIT, UsageError} from '../exit.ts'
import {print} from '../terminal.ts'
import type {Prompt} from './prompt.ts'
import {helpText} from './words.ts'

export interface PromptContext {
  readonly lab: string
  readonly places: readonly Place[]
  readonly prompt: Prompt
}

type Action = (context: PromptContext, words: readonly string[]) => Promise<number>

/** Milliseconds that are captured where nobody can press Enter, and after the last reply of a ping. */
const UNATTENDED = 5_000
const AFTERWARDS = 300

export const ACTIONS: Readonly<Record<string, Action>> = {
  async ping({lab, places, prompt}, [from = '', to = '']) {
    const argv = await pingArgv(from, to, places)
    return typeAt({lab, places, prompt}, from, argv)
  },
  async trace({lab}, [from = '', to = '', protocol]) {
    if (protocol !== undefined && protocol !== 'icmp' && protocol !== 'tcp' && protocol !== 'udp')
      throw new UsageError(`no protocol ${protocol}`, ['there is icmp, tcp, udp'])
    return (await import('../trace.ts')).traceLab(from, to, {lab, ...(protocol && {protocol})})
  },
  async why({lab}, [from, to]) {
    const {diagnoseLab} = await import('../diagnose.ts')
    return diagnoseLab(from, to, {lab})
  },
  async break({lab}, [cause = '', place]) {
    const {breakLab} = await elsewhere<{breakLab(code: string, place: string | undefined, options: {lab: string}): Promise<number>}>(
      '../break.ts',
    )
    return breakLab(cause, place, {lab})
  },
  async heal({lab}) {
    const {heal} = await elsewhere<{heal(options: {lab: string}): Promise<number>}>('../break.ts')
    return heal({lab})
  },
  async watch({lab, prompt}) {
    return (await import('./watch.ts')).watch(lab, prompt.interactive ? prompt.enter() : undefined)
  },
  async check({lab}) {
    return (await import('../check.ts')).checkAgain(lab, {})
  },
  async capture({lab, places, prompt}, [place = '', to]) {
    const {capture} = await import('../capture.ts')
    const {runAt} = await import('../exec.ts')
    if (to !== undefined) {
      const argv = await pingArgv(place, to, places)
      const during = async () => {
        await runAt(place, argv, {lab, silent: true})
        await sleep(AFTERWARDS)
      }
      return capture(place, to, {lab, text: true, during})
    }
    const enough = new AbortController()
    if (!prompt.interactive) return capture(place, undefined, {lab, text: true, seconds: UNATTENDED})
    void prompt.enter().then(() => enough.abort())
    return capture(place, undefined, {lab, text: true, signal: enough.signal})
  },
  async places({places}) {
    const table = new Table({head: ['place', 'what', 'machine', 'addresses'], style: {head: [], border: [], compact: true}})
    for (const {name, kind, node, addresses} of places) table.push([name, kind, node, addresses.join(', ')])
    print(table.toString())
    return EXIT.asClaimed
  },
  async help() {
    print(helpText())
    return EXIT.asClaimed
  },
}

/** These keep the terminal's keys: Enter and Ctrl-C end them. */
export const KEEPS_KEYS: ReadonlySet<string> = new Set(['watch', 'capture'])

/** The user's own command at a place: on the terminal, or without input where that is a pipe with the next lines. */
export async function typeAt({lab, prompt}: PromptContext, place: string, argv: readonly string[]): Promise<number> {
  const {runAt, shell} = await import('../exec.ts')
  if (argv.length > 0) return runAt(place, argv, {lab, ...(!prompt.interactive && {unfed: true})})
  if (!prompt.interactive) throw new UsageError(`a shell at ${place} needs a terminal`, [`${place} ip addr runs one command there`])
  return shell(place, {lab})
}

async function pingArgv(from: string, to: string, places: readonly Place[]): Promise<string[]> {
  const {address} = (await import('../trace.ts')).pairBetween(from, to, places)
  return ['ping', '-c', '3', '-i', '0.2', '-W', '1', address]
}

/** A command whose file is another's work: without it the prompt has all the others. */
async function elsewhere<T>(file: string): Promise<T> {
  try {
    return (await import(file)) as T
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
      throw new UsageError('this podwire does not have that command yet', ['help lists the commands'])
    throw error
  }
}
