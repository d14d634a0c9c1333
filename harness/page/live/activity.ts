// What goes on in the lab, as the page has heard it: changes in the kernels' words, what is not heard, what is being done.
import {computed, signal} from '@preact/signals'
import type {Told} from '../../ui/protocol.ts'
import type {Deaf} from '../../watch/change.ts'

export interface Entry {
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly where: string
  readonly text: string
}

export type Activity = ReturnType<typeof createActivity>

/** Entries that are kept. */
const MOST = 200

export function createActivity() {
  const entries = signal<readonly Entry[]>([])
  const deaf = signal<ReadonlyMap<string, string>>(new Map())
  const doing = signal<readonly string[]>([])
  const mistake = signal('')
  let last = 0

  const add = (at: number, lines: readonly Pick<Entry, 'where' | 'text'>[]) => {
    entries.value = [...entries.value, ...lines.map((line) => ({...line, at, number: ++last}))].slice(-MOST)
  }

  return {
    entries,
    /** Where nothing is heard of changes, and why. */
    deaf,
    doing: computed(() => doing.value.join('; ')),
    /** Why the last thing that was asked for could not be done. */
    mistake,
    /** When the lab was looked at the last time, in milliseconds since the epoch; 0: not yet. */
    looked: signal(0),
    over: signal(false),

    tell(told: Told): void {
      if (told.kind === 'changes') {
        const {changes, more, at} = told
        const lines = changes.map(({node, netns, line}) => ({where: whereOf({node, netns}), text: line}))
        add(at, more > 0 ? [...lines, {where: '', text: `and ${more} more`}] : lines)
      }
      if (told.kind === 'deaf') {
        const [where, what] = [whereOf(told), told.tool === undefined ? 'the monitors' : `${told.tool} monitor`]
        if (told.again) add(told.at, [{where, text: `${what} ended (${told.why}) and is started again`}])
        else deaf.value = new Map(deaf.value).set(`${where} ${what}`, told.why)
      }
    },

    /** @returns why it could not be done */
    async during(words: string, work: Promise<void>): Promise<string | undefined> {
      doing.value = [...doing.value, words]
      mistake.value = ''
      try {
        await work
        return undefined
      } catch (error) {
        mistake.value = error instanceof Error ? error.message : String(error)
        return mistake.value
      } finally {
        const at = doing.value.indexOf(words)
        doing.value = doing.value.filter((_, index) => index !== at)
      }
    },
  }
}

function whereOf({node, netns}: Pick<Deaf, 'node' | 'netns'>): string {
  return netns === undefined || netns === '-' ? node : `${node}/${netns}`
}
