// A run as a list of cases, each with a verdict and the reason: what JUnit, TAP, annotations and summaries are written from.
// A case is a stage of the recipe, a claim, or what cut the run short. The requirements are none: they decide no verdict.
import {relative} from 'node:path'
import type {CommandResult} from '../command.ts'
import type {CheckResult, SourceLine, Stage, StageResult, Verdict} from '../model.ts'
import {type DiagnosisSource, diagnosisText} from './diagnosis.ts'
import {type CutShort, type Ended, isCutShort, nameOf, scenarioOf} from './ended.ts'
import {type Message, messageText} from './message.ts'
import {type Paint, shortfallText} from './text.ts'
import {visibleLine} from './visible.ts'

export interface Case {
  /** No other case of the run has it. */
  readonly name: string
  /** `error` is what cut the run short, `skipped` what it therefore did not come to. */
  readonly verdict: Verdict | 'error' | 'skipped'
  readonly part: 'stage' | 'claim' | 'run'
  /** A word for the kind of failure: the claim's check, or the problem's code. */
  readonly kind: string
  readonly source?: SourceLine
  /** Milliseconds, where it has a time of its own. */
  readonly duration?: number
  /** One line; empty for what passes. */
  readonly message: string
  readonly details: readonly string[]
}

export interface Suite {
  readonly name: string
  readonly title: string
  readonly file?: string
  readonly cases: readonly Case[]
  /** What a run that did not come to its end died of, in a line. */
  readonly cutShort?: string
  /** Milliseconds. */
  readonly duration: number
  /** Milliseconds since the epoch of the first line; absent where none ran. */
  readonly startedAt?: number
  readonly properties: readonly (readonly [name: string, value: string])[]
}

const NOT_REACHED = 'not reached'

/** Neither colours nor a width. */
export const plain: Paint = (_, text) => text

/** @param root the folder that paths are told from: a checkout's */
export function suiteOf(ended: Ended, root: string): Suite {
  const scenario = scenarioOf(ended)
  const run = isCutShort(ended) ? ended.sofar : ended
  const cases = isCutShort(ended) ? casesCutShort(ended) : casesOf(ended)
  const duration = run?.times.total ?? Object.values(run?.times ?? {}).reduce((sum, time) => sum + time, 0)
  const startedAt = run?.history[0]?.startedAt
  return {
    name: nameOf(ended),
    title: scenario?.title ?? nameOf(ended),
    ...(scenario && {file: shownPath(scenario.file, root)}),
    cases: distinct(cases).map((each) => ({...each, ...(each.source && {source: shownSource(each.source, root)})})),
    ...(isCutShort(ended) && {cutShort: ended.problems.map(({message}) => visibleLine(message)).join('; ')}),
    duration,
    ...(startedAt !== undefined && {startedAt}),
    properties: [
      ...(run ? [['lab', run.lab] as const] : []),
      ...(run?.driver ? [['driver', run.driver.name] as const, ['nodes run as', run.driver.description] as const] : []),
      ...(isCutShort(ended) ? [] : [['full MTU', String(ended.outcome.mtu)] as const]),
      ...(isCutShort(ended) || !ended.undiagnosed ? [] : [['failing pairs not diagnosed', String(ended.undiagnosed)] as const]),
    ],
  }
}

/** As one would type it from `root`; whole where it is not below. */
function shownPath(file: string, root: string): string {
  const path = relative(root, file)
  return path === '' || path.startsWith('..') ? file : path
}

function shownSource({file, line}: SourceLine, root: string): SourceLine {
  return {file: shownPath(file, root), line}
}

function casesOf({scenario, history, outcome, diagnosed = []}: Exclude<Ended, CutShort>): Case[] {
  const stages = stageCases(scenario.stages, history, outcome.stages)
  return [...stages, ...outcome.checks.map((check) => claimCase(check, outcome.checks, diagnosed))]
}

function casesCutShort({sofar, problems, exit}: CutShort): Case[] {
  const stages = sofar ? stageCases(sofar.scenario.stages, sofar.history, sofar.stages) : []
  // A refused line is told by its stage.
  const told = (problem: Message) => stages.findIndex(({verdict, source}) => verdict === 'fail' && isSame(source, problem.source))
  const under = exit === 130 ? stages.filter(({part}) => part === 'stage')[stagesOver(sofar)] : undefined
  const broken = under?.verdict === 'skipped' ? under : undefined
  const cases = stages.map((each, index) => {
    const problem = problems.find((candidate) => told(candidate) === index)
    if (each === broken) return {...each, message: each.message === NOT_REACHED ? 'interrupted' : `interrupted: ${each.message}`}
    return problem ? {...each, kind: problem.code, ...wordsOf(problem)} : each
  })
  const others = problems.filter((problem) => told(problem) < 0)
  const claims = sofar?.scenario.claims ?? []
  return [
    ...cases,
    ...others.map(
      (problem): Case => ({
        name: exit === 130 ? 'the run' : problem.code,
        verdict: 'error',
        part: 'run',
        kind: problem.code,
        ...(problem.source && {source: problem.source}),
        ...wordsOf(problem),
      }),
    ),
    ...claims.map(
      ({check, source}): Case => ({
        name: `${check} at the end`,
        verdict: 'skipped',
        part: 'claim',
        kind: check,
        source,
        message: NOT_REACHED,
        details: [],
      }),
    ),
  ]
}

/** A stage is over when its claims have been looked at; before a machine is there none is under way. */
function stagesOver(sofar: CutShort['sofar']): number {
  return sofar?.driver ? sofar.stages.length : -1
}

function wordsOf(problem: Message): Pick<Case, 'message' | 'details'> {
  const {source: _, ...rest} = problem
  return {message: visibleLine(problem.message), details: messageText(rest, plain).split('\n').slice(1)}
}

function isSame(a: SourceLine | undefined, b: SourceLine | undefined): boolean {
  return a !== undefined && a.file === b?.file && a.line === b.line
}

/** Each stage, and what was claimed there. A stage's steps have all ended before the next one's begin. */
function stageCases(stages: readonly Stage[], history: readonly CommandResult[], found: readonly StageResult[]): Case[] {
  let done = 0
  return stages.flatMap((stage, index) => {
    const results = history.slice(done, done + stage.steps.length)
    done += stage.steps.length
    const checks = found.find(({stage: number}) => number === index + 1)?.checks
    const wired = stageCase(stage, index + 1, results)
    const claims = checks
      ? checks.map((check) => claimCase(check, checks, []))
      : stage.claims.map(
          ({check, source}): Case => ({
            name: `${check} at stage ${index + 1}`,
            verdict: 'skipped',
            part: 'claim',
            kind: check,
            source,
            message: NOT_REACHED,
            details: [],
          }),
        )
    return [wired, ...claims]
  })
}

function stageCase({title, steps}: Stage, number: number, results: readonly CommandResult[]): Case {
  const refused = results.find(({exitCode}) => exitCode !== 0)
  const step = refused && steps.find(({node, command}) => node === refused.node && command === refused.command)
  const source = (step ?? steps[0])?.source
  const base = {
    name: `${number}. ${title}`,
    part: 'stage' as const,
    kind: 'stage',
    ...(source && {source}),
    duration: results.reduce((sum, {duration}) => sum + duration, 0),
    details: [],
  }
  if (refused) return {...base, verdict: 'fail', message: `${refused.node}# ${visibleLine(refused.command)}`}
  if (results.length === steps.length) return {...base, verdict: 'pass', message: ''}
  return {...base, verdict: 'skipped', message: results.length === 0 ? NOT_REACHED : `${results.length} of ${steps.length} lines ran`}
}

function claimCase(check: CheckResult, all: readonly CheckResult[], diagnosed: readonly DiagnosisSource[]): Case {
  const {claim, verdict, source, check: kind} = check
  const base = {name: visibleLine(claim), verdict, part: 'claim' as const, kind, ...(source && {source})}
  const why = reasonsOf(check, diagnosed)
  if (verdict === 'pass') return {...base, message: check.pairs.length > 0 && !check.fails ? messageOf(check, []) : '', details: []}
  const short = shortfallText(
    check,
    all.find(({check: other}) => other === 'reach'),
    plain,
  )
  // What an earlier claim has told at length is not told again.
  const told = (each: DiagnosisSource) => all.slice(0, all.indexOf(check)).find((other) => reasonsOf(other, diagnosed).includes(each))
  const reasons = why.map((each) => {
    const earlier = told(each)
    return earlier ? `${causeOf(each)}: see ${earlier.claim}` : diagnosisText(each, plain)
  })
  return {
    ...base,
    message: messageOf(check, why),
    details: [short, ...reasons].filter((text) => text !== '').flatMap((text, index) => [...(index > 0 ? [''] : []), ...text.split('\n')]),
  }
}

/** What is known of why this claim's pairs fail. */
function reasonsOf({pairs, verdict}: CheckResult, diagnosed: readonly DiagnosisSource[]): DiagnosisSource[] {
  if (verdict === 'pass') return []
  const failing = new Set(pairs.filter((pair) => pair.verdict !== 'pass').map(({from, to}) => `${from} -> ${to}`))
  return diagnosed.filter(({diagnosis}) => diagnosis.pairs.some((pair) => failing.has(pair)))
}

/** `no-route at node2` */
function causeOf({diagnosis: {cause, where}}: DiagnosisSource): string {
  return `${cause} at ${where.netns ?? where.node}`
}

/** `204 of 252 pass, 48 fail: no-route at node2` */
function messageOf({pairs, fails, command, evidence}: CheckResult, why: readonly DiagnosisSource[]): string {
  if (fails || command || pairs.length === 0) return visibleLine(evidence[0] ?? 'it does not hold')
  const counts = (['pass', 'fail', 'unknown'] as const)
    .map((verdict) => [verdict, pairs.filter((pair) => pair.verdict === verdict).length] as const)
    .filter(([verdict, count]) => verdict === 'pass' || count > 0)
    .map(([verdict, count]) => (verdict === 'pass' ? `${count} of ${pairs.length} pass` : `${count} ${verdict}`))
  const causes = why.map(causeOf)
  return `${counts.join(', ')}${causes.length > 0 ? `: ${[...new Set(causes)].join(', ')}` : ''}`
}

/** GitLab takes cases of one name for one: the second `reach` gets its line, the third a number. */
function distinct(cases: readonly Case[]): Case[] {
  const taken = new Set<string>()
  return cases.map((each) => {
    const candidates = [each.name, `${each.name} (line ${each.source?.line ?? '?'})`]
    let name = candidates.find((candidate) => !taken.has(candidate))
    for (let number = 2; name === undefined; number++) if (!taken.has(`${each.name} (${number})`)) name = `${each.name} (${number})`
    taken.add(name)
    return {...each, name}
  })
}
