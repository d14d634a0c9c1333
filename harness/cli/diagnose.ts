// podwire diagnose: why pairs of a running lab fail, and what mends it, tried on a copy of the lab.
import {createInterface} from 'node:readline/promises'
import {setTimeout} from 'node:timers/promises'
import {check} from '../checks/check.ts'
import {clusterOf, pairsToReach} from '../checks/pairs.ts'
import {unnoticedEnds} from '../diagnose/ended.ts'
import type {Fleet} from '../driver.ts'
import {localDriver} from '../drivers/local.ts'
import {withEvidence} from '../evidence/evidence.ts'
import {type Examined, examine} from '../examine.ts'
import type {Facts} from '../facts/facts.ts'
import {gapsIn} from '../facts/gaps.ts'
import {forgetUnresolved} from '../facts/neighbours.ts'
import {factsBefore, journalOf, noteCommand} from '../kept.ts'
import {
  type Diagnosis,
  type FixCommand,
  type Pair,
  type Place,
  type Probe,
  placesAfter,
  type Scenario,
  type Trial,
  type Verdict,
} from '../model.ts'
import {allPairs} from '../probe/probe.ts'
import {withPaths} from '../report/diagnosed.ts'
import {diagnosesText, endedText, trialWords} from '../report/diagnosis.ts'
import {suggestion} from '../scenario/problem.ts'
import {BETWEEN, type Line, looksAfterFix, mendsNothing, tryFixes} from '../trial.ts'
import {EXIT, UsageError} from './exit.ts'
import {argvAt, type RunningLab, runningLab, targetOf} from './running.ts'
import {complain, paint, print, printJson} from './terminal.ts'

export interface DiagnoseOptions {
  readonly lab?: string
  readonly json?: boolean
  /** Applies the fixes to the running lab, after asking. */
  readonly fix?: boolean
  readonly yes?: boolean
  /** Leaves the trial on a copy out. */
  readonly trial?: boolean
  /** Sends nothing to be watched. */
  readonly watch?: boolean
  readonly patience?: number
}

export async function diagnoseLab(from: string | undefined, to: string | undefined, options: DiagnoseOptions): Promise<number> {
  const running = await runningLab(options.lab)
  const {kept, fleet} = running
  await using _ = fleet
  const places = placesAfter(kept.scenario, kept.scenario.stages.length)
  const pairs = from === undefined ? pairsToReach(kept.scenario, places) : pairsFor(places, from, to)
  const {probes, facts, diagnoses, failing, unknown, ended} = await diagnosed(running, places, pairs, options)
  const all = new Set(pairs.map((pair) => `${pair.from} -> ${pair.to}`))
  if (options.json)
    printJson({format: 1, kind: 'diagnosis', lab: kept.lab, pairs: all.size, failing: [...failing], diagnoses, unknown, ended})
  else {
    print(wordsOf(diagnoses, {probes, facts, places, total: all.size}))
    for (const {place, what} of unknown) complain(`${paint('yellow', 'unknown:')} ${place}: ${what}`)
    for (const daemon of ended) complain(endedText(daemon, failing.size === 0, paint))
  }
  // Awaited here: the lab is let go of when this returns.
  if (options.fix && diagnoses.length > 0) return await applied(diagnoses, running, options)
  return diagnoses.length === 0 ? EXIT.asClaimed : EXIT.checkFailed
}

/** A lab looked at for these pairs: what fails of them, why, and what a copy of the lab says of the fixes. */
export async function diagnosed(running: RunningLab, places: readonly Place[], pairs: readonly Pair[], options: DiagnoseOptions) {
  const {kept, fleet} = running
  const {history} = kept
  const before = factsBefore(kept)
  const examined = await examine(fleet, places, pairs, {
    history,
    before,
    mtu: kept.scenario.mtu,
    ...(options.patience !== undefined && {patience: options.patience}),
  })
  // A packet is watched in this lab while the fixes are tried on another.
  const [watched, trials] = await Promise.all([
    options.watch === false ? examined.diagnoses : withEvidence(fleet, examined.diagnoses, {...examined, places}),
    options.trial === false ? [] : tried(examined, running),
  ])
  return {
    ...examined,
    diagnoses: watched.map((diagnosis, index) => ({...diagnosis, ...(trials[index] && {tried: trials[index]})})),
    failing: new Set(examined.probes.filter(({answered}) => answered !== true).map((probe) => `${probe.from} -> ${probe.to}`)),
    unknown: gapsIn(examined.facts),
    ended: unnoticedEnds({...examined, places, history}, before, examined.diagnoses),
  }
}

/** Both ways, so that a missing way back is seen from where it is missing. */
export function pairsFor(places: readonly Place[], from: string, to: string | undefined): Pair[] {
  const cluster = clusterOf(places)
  const names = places.map(({name}) => name)
  for (const name of [from, to ?? from])
    if (!names.includes(name)) throw new UsageError(`no place ${name} in this lab`, [suggestion(name, names)])
  const [a, b] = [from, to].map((name) => places.find((place) => place.name === name))
  if (a && b) return allPairs([a, b])
  return allPairs(cluster.some(({name}) => name === from) ? cluster : [...cluster, a as Place]).filter(
    (pair) => pair.from === from || pair.to === from,
  )
}

/** What was typed since the lab was up, as lines for its machines. */
function typedIn({kept}: RunningLab): Line[] {
  return journalOf(kept)
    .filter(({interactive}) => !interactive)
    .map(({place, argv}) => {
      const target = targetOf(place, kept.scenario)
      return {node: target.node, command: argvAt(target, argv).map(quoted).join(' ')}
    })
}

/** One word for bash(1), whatever is in it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** One for each diagnosis, in their order; undefined where no fix is known. */
async function tried({diagnoses, facts}: Pick<Examined, 'diagnoses' | 'facts'>, running: RunningLab): Promise<(Trial | undefined)[]> {
  const fixable = diagnoses.filter(({fix}) => fix.length > 0)
  if (fixable.length === 0) return []
  const trials = await tryFixes({
    driver: localDriver(),
    scenario: running.kept.scenario,
    typed: typedIn(running),
    diagnoses: fixable,
    facts,
    unrecorded: journalOf(running.kept).some(({interactive}) => interactive === true),
  })
  return diagnoses.map((diagnosis) => trials[fixable.indexOf(diagnosis)])
}

/** What helps nothing on the copy is typed only if somebody who is asked wants it. */
async function applied(diagnoses: readonly Diagnosis[], running: RunningLab, {yes, patience}: DiagnoseOptions): Promise<number> {
  const useless = diagnoses.filter(mendsNothing)
  for (const {cause, where, fix, tried: trial} of useless)
    complain(
      `${paint('yellow', yes ? 'left out:' : 'warning:')} the fix for ${cause} at ${where.netns ?? where.node} (${trialWords(trial, fix.length)})`,
    )
  const chosen = yes ? diagnoses.filter((diagnosis) => !useless.includes(diagnosis)) : diagnoses
  const commands = chosen.flatMap(({fix}) => fix)
  if (commands.length === 0) {
    complain(useless.length > 0 ? 'nothing is typed: no fix is known that helps' : 'no fix is known')
    return EXIT.checkFailed
  }
  if (!yes && !(await agreed(commands.length))) return EXIT.checkFailed
  const verdict = await typedAndChecked(commands, running, patience)
  return verdict === 'pass' && chosen.length === diagnoses.length ? EXIT.asClaimed : EXIT.checkFailed
}

async function typedAndChecked(commands: readonly FixCommand[], {kept, fleet}: RunningLab, patience: number | undefined): Promise<Verdict> {
  for (const {where, command} of commands) {
    const startedAt = Date.now()
    const {exitCode, stderr} = await fleet.run(where, command, {shell: 'observer'})
    // A later trial builds the lab again from what was typed in it, and this was.
    noteCommand(kept, {place: where, argv: ['sh', '-c', command], startedAt, endedAt: Date.now(), exitCode})
    print(`${where}# ${command}${exitCode === 0 ? '' : `  ${paint('red', stderr.toString().trim())}`}`)
  }
  const {checks, verdict} = await checkedOnceSettled(kept.scenario, fleet, patience)
  for (const {claim, verdict: each} of checks) print(`${paint(each === 'pass' ? 'green' : 'red', each)} ${claim}`)
  return verdict
}

async function checkedOnceSettled(scenario: Scenario, fleet: Fleet, patience: number | undefined): ReturnType<typeof check> {
  for (let left = looksAfterFix(scenario); ; left--) {
    await forgetUnresolved(fleet, placesAfter(scenario, scenario.stages.length))
    const outcome = await check(fleet, scenario, {patience})
    if (outcome.verdict === 'pass' || left <= 1) return outcome
    await setTimeout(BETWEEN)
  }
}

async function agreed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('nobody can be asked', ['say --fix --yes'])
  const prompt = createInterface({input: process.stdin, output: process.stderr})
  try {
    return /^y(es)?$/i.test(
      (await prompt.question(`type ${count === 1 ? 'this line' : `these ${count} lines`} in the running lab? [y/N] `)).trim(),
    )
  } finally {
    prompt.close()
  }
}

interface Seen {
  readonly probes: readonly Probe[]
  readonly facts: Facts
  readonly places: readonly Place[]
  readonly total: number
}

function wordsOf(diagnoses: readonly Diagnosis[], {probes, facts, places, total}: Seen): string {
  if (diagnoses.length === 0) return `${paint('green', '✓')} all ${total} pairs work, and nothing is translated`
  return diagnosesText(withPaths({diagnoses, probes, facts, places}), paint)
}
