// TAP, version 13, which ava prints too: a line a case, and the reason as YAML below it.
import {stringify} from 'yaml'
import type {Case, Suite} from './cases.ts'
import {visible, visibleLine} from './visible.ts'

/** @returns a whole document, with a newline at its end */
export function tapText({cases, cutShort}: Suite): string {
  const lines = cases.flatMap((each, index) => caseLines(each, index + 1))
  const bail = cutShort === undefined ? [] : [`Bail out! ${oneLine(cutShort)}`]
  return `${['TAP version 13', `1..${cases.length}`, ...lines, ...bail].join('\n')}\n`
}

function caseLines({name, verdict, kind, source, duration, message, details}: Case, number: number): string[] {
  const title = `${number} - ${oneLine(name)}`
  if (verdict === 'skipped') return [`ok ${title} # SKIP ${oneLine(message)}`]
  if (verdict === 'pass') return [`ok ${title}`]
  const said = {
    message: text(message),
    severity: verdict,
    kind,
    ...(source && {at: {file: text(source.file), line: source.line}}),
    ...(duration !== undefined && {duration_ms: Math.round(duration * 1000) / 1000}),
    ...(details.length > 0 && {details: text(details.join('\n'))}),
  }
  const yaml = stringify(said, {lineWidth: 0})
  return [`not ok ${title}`, ...['---', ...yaml.trimEnd().split('\n'), '...'].map((line) => `  ${line}`)]
}

function text(words: string): string {
  return visible(words.toWellFormed())
}

/** Nothing in it is taken for a directive or another line. */
function oneLine(words: string): string {
  return visibleLine(words.toWellFormed()).replaceAll('\\', '\\\\').replaceAll('#', '\\#').replaceAll(/\s+/g, ' ').trim()
}
