// A shell at a place, on a terminal of its own there (terminal.pl), for somebody who is not at podwire's terminal.
import {readFileSync} from 'node:fs'
import {text} from 'node:stream/consumers'
import type {Fleet} from '../driver.ts'

const TERMINAL = readFileSync(new URL('terminal.pl', import.meta.url), 'utf8')
/** Bytes of a frame, as terminal.pl reads it. */
const LONGEST = 0xffff

export interface Size {
  readonly rows: number
  readonly columns: number
}

export interface Terminal {
  type(bytes: Buffer): void
  resize(size: Size): void
  /** Nothing more is shown until resume(): the shell waits. */
  pause(): void
  resume(): void
  /** Ends the shell and all that runs on its terminal. */
  close(): void
  /** The shell's exit code, as a CommandStream has it; and why there is no terminal, where there is none. */
  readonly ended: Promise<{readonly exitCode: number | null; readonly complaint: string}>
}

/**
 * @param argvAt the argv that runs an argv at the place
 * @param show is given what the terminal shows, as it comes
 * @throws MachineError where the place's machine is gone
 */
export async function openTerminal(
  fleet: Fleet,
  {node, place, argvAt}: {readonly node: string; readonly place: string; readonly argvAt: (argv: readonly string[]) => readonly string[]},
  {rows, columns}: Size,
  show: (bytes: Buffer) => void,
): Promise<Terminal> {
  const shell = ['env', 'TERM=xterm-256color', `PS1=${place}# `, 'bash', '--norc', '--noprofile', '-i']
  const stream = await fleet.stream(node, argvAt(['perl', '-e', TERMINAL, '--', String(rows), String(columns), ...shell]))
  const {stdin, stdout, stderr} = stream
  if (!stdin || !stdout || !stderr) throw new Error('a shell without pipes')
  const complaint = text(stderr).catch(() => '')
  stdin.on('error', () => undefined) // the shell has just ended
  stdout.on('data', show)
  const frame = (kind: 'i' | 's', content: Buffer) => {
    const head = Buffer.alloc(3)
    head.write(kind, 'latin1')
    head.writeUInt16BE(content.length, 1)
    stdin.write(Buffer.concat([head, content]))
  }
  return {
    type(bytes) {
      for (let at = 0; at < bytes.length; at += LONGEST) frame('i', bytes.subarray(at, at + LONGEST))
    },
    resize({rows, columns}) {
      const size = Buffer.alloc(4)
      size.writeUInt16BE(rows, 0)
      size.writeUInt16BE(columns, 2)
      frame('s', size)
    },
    pause: () => void stdout.pause(),
    resume: () => void stdout.resume(),
    close: () => {
      stdout.resume() // or its end would never be read
      stdin.end()
    },
    ended: stream.exit.then(async (exitCode) => ({exitCode, complaint: (await complaint).trim()})),
  }
}
