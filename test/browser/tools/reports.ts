// Reports for the browser, of runs on real kernels that ended in each of the ways that one can end.
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {bundlePage} from '../../../harness/bundle.ts'
import {htmlOf} from '../../../harness/report/html.ts'
import type {ResultSource} from '../../../harness/report/json.ts'
import {type Home, makeHome} from '../../kernel/tools/home.ts'
import {asRoot, asUser, type Runner} from '../../kernel/tools/runners.ts'

/** Whoever can run a lab here. */
const RUNNER: Runner = asRoot.missing === undefined ? asRoot : asUser

export interface Written extends AsyncDisposable {
  readonly html: string
}

export interface Made extends Written {
  readonly json: string
  readonly code: number | null
  readonly stderr: string
}

/** Runs a scenario (a name, or its text) with both reports. @param until interrupts it once this is shown @param more options of run */
export async function report(scenario: string, until?: RegExp, more: readonly string[] = []): Promise<Made> {
  const home: Home = makeHome(RUNNER)
  const name = scenario.includes('\n') ? './mine.ts' : scenario
  if (name !== scenario) home.write('mine.ts', scenario)
  const [html, json] = [join(home.folder, 'run.html'), join(home.folder, 'run.json')]
  const begun = home.begin(['run', name, '--driver', 'local', '--report', `html=${html}`, '--report', `json=${json}`, ...more])
  if (until) {
    await begun.shown(until)
    process.kill(begun.pid, 'SIGINT')
  }
  const {code, stderr} = await begun.ended
  return {html, json, code, stderr, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]()}
}

/** A report of a run that was not run here. */
export async function reportOf(source: ResultSource): Promise<Written> {
  const home = makeHome(RUNNER)
  const html = join(home.folder, 'run.html')
  writeFileSync(html, await htmlOf(source, await bundlePage('report')))
  return {html, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]()}
}

export function textOf(file: string): string {
  return readFileSync(file, 'utf8')
}
