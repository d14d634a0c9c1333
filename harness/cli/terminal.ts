// Where results go and how: standard output for results, standard error for everything else.
import {styleText} from 'node:util'
import type {Paint} from '../report/text.ts'

/** Colours only where a person reads: util.styleText looks at the stream, NO_COLOR and FORCE_COLOR itself. */
export const paint: Paint = (style, text) => styleText(style, text, {stream: process.stdout})
export const paintError: Paint = (style, text) => styleText(style, text, {stream: process.stderr})

/** Where text for people goes, and how wide it may be. */
export interface Screen {
  readonly paint: Paint
  /** Columns. What is no terminal wraps nothing. */
  readonly width: number
  readonly stream: NodeJS.WriteStream
  write(text: string): void
}

export const output: Screen = screenOf(process.stdout, paint)
export const errors: Screen = screenOf(process.stderr, paintError)

function screenOf(stream: NodeJS.WriteStream, own: Paint): Screen {
  return {
    paint: own,
    stream,
    // A window can be made larger and smaller while podwire runs.
    get width() {
      return widthOf(stream)
    },
    write: (text) => void stream.write(`${text}\n`),
  }
}

function widthOf(stream: NodeJS.WriteStream): number {
  return stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}

/** Standard output is one JSON document's alone: --json, --report json=-, or --report json where no folder is named. */
export function isForPrograms({
  json,
  report = [],
  out,
}: {
  readonly json?: boolean
  readonly report?: readonly string[]
  readonly out?: string
}): boolean {
  return json === true || report.includes('json=-') || (out === undefined && report.includes('json'))
}
