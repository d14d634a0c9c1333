// Whether bash can read a line, told before anything is started.
import {spawnSync} from 'node:child_process'
import type {SourceLine} from '../model.ts'
import type {Problem} from './problem.ts'

/** execve(2) takes no argument of more than 128 KiB (MAX_ARG_STRLEN), and a line goes to bash as one. */
const LONGEST_LINE = 100_000

export function checkLine(command: string, source: SourceLine): Problem[] {
  if (Buffer.byteLength(command) > LONGEST_LINE)
    return [
      {
        code: 'line-too-long',
        message: `a line of ${Buffer.byteLength(command)} bytes is too long`,
        source,
        help: 'put it into a file: files: {...}',
      },
    ]
  const complaint = shellComplaint(command)
  return complaint === undefined ? [] : [{code: 'unfinished-line', message: 'bash cannot read this line', source, note: complaint}]
}

/** What bash says of a line's syntax, undefined when it reads it. `bash -n` reads and runs nothing (bash(1)). */
function shellComplaint(command: string): string | undefined {
  if (/^[a-z][\w ./:@%+=,-]*$/.test(command) && !/^(if|for|while|until|case|select|function|coproc|do|done|then|fi|esac)\b/.test(command))
    return undefined
  const read = spawnSync('bash', ['-n', '-c', command], {encoding: 'utf8', env: {PATH: process.env.PATH, LC_ALL: 'C'}})
  if (read.status === 0) return undefined
  return (
    read.stderr
      .trim()
      .split('\n')[0]
      ?.replace(/^bash: -c: line \d+: /, '') || 'a line cannot end in a backslash here'
  )
}
