// JUnit XML, as GitLab and Jenkins show it and GitHub's report actions read it. fixtures/junit has the schema. GitLab shows a
// case's classname as its suite, and tells cases apart by both.
import {create} from 'xmlbuilder2'
import type {XMLBuilder} from 'xmlbuilder2/lib/interfaces.js'
import type {Case, Suite} from './cases.ts'
import {xmlText} from './xml.ts'

/** @returns a whole document, with a newline at its end */
export function junitXml({name, file, cases, cutShort, duration, startedAt, properties}: Suite): string {
  const counts = {
    tests: cases.length,
    failures: count(cases, 'fail'),
    errors: count(cases, 'error', 'unknown'),
    skipped: count(cases, 'skipped'),
  }
  const {skipped: _, ...sums} = counts
  const document = create({version: '1.0', encoding: 'UTF-8'})
  const suite = document.ele('testsuites', {name: 'podwire', time: seconds(duration), ...sums}).ele('testsuite', {
    name: xmlText(name),
    ...counts,
    time: seconds(duration),
    ...(startedAt !== undefined && {timestamp: new Date(startedAt).toISOString()}),
    ...(file !== undefined && {file: xmlText(file)}),
  })
  if (properties.length > 0) {
    const list = suite.ele('properties')
    for (const [key, value] of properties) list.ele('property', {name: xmlText(key), value: xmlText(value)})
  }
  for (const each of cases) addCase(suite, name, each)
  if (cutShort !== undefined) suite.ele('system-err').txt(xmlText(cutShort))
  return `${document.end({prettyPrint: true})}\n`
}

function addCase(suite: XMLBuilder, classname: string, {name, verdict, kind, source, duration = 0, message, details}: Case): void {
  const element = suite.ele('testcase', {classname: `podwire.${xmlText(classname)}`, name: xmlText(name), time: seconds(duration)})
  if (verdict === 'pass') return
  if (verdict === 'skipped') return void element.ele('skipped', {message: xmlText(message)})
  // What could not be observed is no failure of what is claimed.
  const type = verdict === 'unknown' ? 'unknown' : kind
  const where = source ? [`${source.file}:${source.line}`] : []
  element
    .ele(verdict === 'fail' ? 'failure' : 'error', {message: xmlText(message), type: xmlText(type)})
    .txt(xmlText([...where, message, ...details].join('\n')))
}

function count(cases: readonly Case[], ...verdicts: readonly Case['verdict'][]): number {
  return cases.filter(({verdict}) => verdicts.includes(verdict)).length
}

/** Three decimals, as the schema has it. */
function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}
