// A scenario of the project with one thing in it changed, so that a claim of it no longer holds: the twin of its passing.
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import type {ExecutionContext} from 'ava'
import type {CheckResult, StageResult} from '../../../harness/model.ts'
import {engineTurn} from './engine-turn.ts'
import {makeHome} from './home.ts'
import {readResult} from './result.ts'
import type {Runner} from './runners.ts'

const FOLDER = fileURLToPath(new URL('../../../scenarios/', import.meta.url))

export interface Twin {
  readonly scenario: string
  /** What stands in the file, once, and what stands there instead. */
  readonly change: readonly [string, string]
  /** The claim that fails then. */
  readonly claim: string
  /** What its evidence says. */
  readonly because: RegExp
}

/**
 * Every claim of a scenario holds, at its stages and at the end.
 * @param through a program in front, which is handed podwire's own path and arguments
 */
export async function passes(t: ExecutionContext, runner: Runner, scenario: string, through: readonly string[] = []): Promise<void> {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const ended = await home.podwire(['run', scenario, '--driver', runner.driver, '--json'], {through})
  const {stages, checks, verdict} = readResult(ended) as ReturnType<typeof readResult> & {stages: readonly StageResult[]}
  const all = [...stages.flatMap((stage) => stage.checks), ...checks]
  t.deepEqual(
    all.filter((check) => check.verdict !== 'pass').map(({claim, evidence}) => [claim, evidence]),
    [],
  )
  t.true(all.length > 0)
  t.is(verdict, 'pass')
  t.is(ended.code, 0, ended.stderr)
}

/** The changed scenario ends with 1, and this claim fails for this reason. */
export async function failsAs(t: ExecutionContext, runner: Runner, {scenario, change: [what, by], claim, because}: Twin): Promise<void> {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const text = readFileSync(`${FOLDER}${scenario}.ts`, 'utf8')
  t.is(text.split(what).length, 2, `${what} stands once in ${scenario}`)
  // Files that it copies to its machines are named as seen from its own folder.
  const file = home.write(`${scenario}.ts`, text.replace(what, () => by).replaceAll("'../fixtures/", `'${FOLDER}../fixtures/`))
  const ended = await home.podwire(['run', file, '--driver', runner.driver, '--json'])
  t.is(ended.code, 1, ended.stderr)
  const {stages, checks} = readResult(ended) as ReturnType<typeof readResult> & {stages: readonly StageResult[]}
  const all = [...stages.flatMap((stage) => stage.checks), ...checks]
  const found = all.find((check) => check.claim === claim && check.verdict === 'fail')
  t.truthy(found, `${claim} fails; these do: ${all.filter(({verdict}) => verdict !== 'pass').map((check) => check.claim)}`)
  if (found) t.regex(saidOf(found), because)
}

function saidOf({evidence, pairs}: CheckResult): string {
  return [...evidence, ...pairs.flatMap((pair) => (pair.verdict === 'pass' ? [] : pair.evidence))].join('\n')
}
