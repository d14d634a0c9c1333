// The prompt itself: lines from a person's terminal, with completion and a history, or from a pipe.
import {createInterface, type Interface} from 'node:readline'

export interface Prompt extends Disposable {
  /** A person types: there is a terminal at both ends. */
  readonly interactive: boolean
  /** The next line; undefined at the end, or once a person has had enough (Ctrl-D). */
  next(): Promise<string | undefined>
  /** Lets go of the terminal while something else has it. */
  aside<T>(act: () => Promise<T>): Promise<T>
  /** Resolves at Enter or Ctrl-C; at once where lines are waiting already. Of a terminal alone. */
  enter(): Promise<void>
}

export interface PromptOptions {
  readonly text: string
  readonly complete: (line: string) => [string[], string]
  /** The newest first. */
  readonly history: string[]
  readonly remember: (history: readonly string[]) => void
}

const LONGEST_HISTORY = 1000

export function openPrompt({text, complete, history, remember}: PromptOptions): Prompt {
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true
  const lines: string[] = []
  let ended = false
  let wake: () => void = () => undefined
  const reader: Interface = interactive
    ? createInterface({
        input: process.stdin,
        output: process.stdout,
        completer: complete,
        history,
        historySize: LONGEST_HISTORY,
        removeHistoryDuplicates: true,
        prompt: text,
      })
    : createInterface({input: process.stdin, terminal: false})
  reader.on('line', (line) => {
    lines.push(line)
    wake()
  })
  reader.on('close', () => {
    ended = true
    wake()
  })
  if (interactive) {
    reader.on('history', remember)
    // As a shell has it: the line is given up, not the prompt.
    reader.on('SIGINT', () => {
      process.stdout.write('^C\n')
      reader.write(null, {ctrl: true, name: 'e'})
      reader.write(null, {ctrl: true, name: 'u'})
      interrupted = true
      wake()
    })
  }
  let interrupted = false
  const changed = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })

  return {
    interactive,
    async next() {
      while (lines.length === 0 && !ended) {
        if (interactive) reader.prompt()
        await changed()
      }
      const line = lines.shift()
      if (line === undefined && interactive) process.stdout.write('\n')
      return line
    },
    async aside(act) {
      if (!interactive) return act()
      reader.pause()
      process.stdin.setRawMode(false)
      try {
        return await act()
      } finally {
        if (!ended) {
          process.stdin.setRawMode(true)
          reader.resume()
        }
      }
    },
    async enter() {
      interrupted = false
      while (lines.length === 0 && !ended && !interrupted) await changed()
      // The empty line that ended it is no command.
      if (lines[0]?.trim() === '') lines.shift()
    },
    [Symbol.dispose]: () => reader.close(),
  }
}
