// Where results go and how: standard output for results, standard error for everything else.
import {styleText} from 'node:util'
import type {Paint} from '../report/text.ts'

/** Colours only where a person reads: util.styleText looks at the stream, NO_COLOR and FORCE_COLOR itself. */
export const paint: Paint = (style, text) => styleText(style, text, {stream: process.stdout})
export const paintError: Paint = (style, text) => styleText(style, text, {stream: process.stderr})

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}
