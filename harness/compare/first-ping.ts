// Time to first ping: from the first line of a recipe to the first answered echo request between two pods on different nodes.
// The address is asked for as soon as all lines that name the asking pod have run: before, what asking leaves behind in the pod
// could be in a line's way (`ip neigh add`: File exists). How often, and what becomes of the rest, is in first-ping.pl.
import {readFile} from 'node:fs/promises'
import {createInterface} from 'node:readline'
import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import type {CommandStream} from '../driver.ts'
import type {Lab} from '../lab.ts'
import {machinesOf, type Step} from '../model.ts'
import {names} from './another-pod.ts'
import type {Network} from './network.ts'

const AGENT = new URL('first-ping.pl', import.meta.url)

/** Milliseconds between two requests. An answer can be later than it could have been by this, and by what forgetting takes. */
const INTERVAL = 5
/** Milliseconds: forgetting looks at every second request, and takes away what it saw twice. */
export const RESOLUTION = 5 * INTERVAL
/** Milliseconds that the first answer may come after the last line. */
const PATIENCE = 30_000

export interface FirstPing {
  /** Follows the recipe. */
  readonly step: (step: Step) => void
  /**
   * Milliseconds since the epoch, by the machines' clock; why there is none, so long after the lines had run.
   * @param patience milliseconds
   */
  answered(patience?: number): Promise<number | string>
  end(): void
}

/** Resolves when everybody is ready to ask, and forgets. @throws MachineError when it cannot be started */
export async function awaitFirstPing({fleet, scenario: wiring}: Lab, {scenario, whole, from, to}: Network): Promise<FirstPing> {
  const agent = await readFile(AGENT, 'utf8')
  const {promise: answer, resolve} = Promise.withResolvers<number | string>()
  const awaited = new Set(
    wiring.stages
      .slice(0, whole)
      .flatMap(({steps}) => steps)
      .filter(({command}) => names(command, from.name)),
  )
  const streams = await Promise.all(
    machinesOf(scenario).map(async ({name}) => {
      const who = name === from.node ? [from.netns ?? '-', to.address] : ['-', '-']
      const stream = await fleet.stream(name, ['perl', '-e', agent, String(INTERVAL), ...who])
      stream.stdin?.on('error', () => undefined) // it has ended
      await listening(stream, resolve)
      return stream
    }),
  )
  const end = () => {
    for (const stream of streams) stream.kill()
  }
  const ask = () => {
    for (const {stdin} of streams) stdin?.write('ask\n')
  }
  if (awaited.size === 0) ask()
  return {
    end,
    step(step) {
      if (awaited.delete(step) && awaited.size === 0) ask()
    },
    async answered(patience = PATIENCE) {
      const limit = setTimeout(() => resolve(`no ping was answered within ${patience / 1000} s of the last line`), patience)
      const at = await answer
      clearTimeout(limit)
      end()
      return at
    },
  }
}

/** Resolves once it says that it is ready, or has ended: then, without an answer, with its last words for one. */
function listening(stream: CommandStream, told: (answer: number | string) => void): Promise<void> {
  const complaints = stream.stderr ? text(stream.stderr).catch(() => '') : Promise.resolve('')
  return new Promise((resolve) => {
    const lines = createInterface({input: stream.stdout ?? Readable.from([])})
    lines.on('line', (line) => {
      const [word, seconds] = line.split(' ')
      if (word === 'ready') resolve()
      if (word === 'answered') told(Number(seconds) * 1000)
    })
    lines.once('close', () => {
      resolve()
      void complaints.then((words) => told(words.trim() || 'who asks ended without an answer'))
    })
  })
}
