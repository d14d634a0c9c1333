// Labs that stand up right, for tests that then break them with literal commands.
import {awaitClaims, check, type Outcome} from '../../../harness/checks/check.ts'
import {carryOut, type Lab, startLab} from '../../../harness/lab.ts'
import type {Claim, PairVerdict, Verdict} from '../../../harness/model.ts'
import {loadScenario} from '../../../harness/scenario/load.ts'
import {engineTurn} from './engine-turn.ts'
import {driverOf, type Runner} from './runners.ts'

let labs = 0

/** The three nodes of the documents, wired and not yet checked. The caller disposes. */
export function threeNodes(runner: Runner): Promise<Lab> {
  return labOf(runner, 'three-nodes')
}

/** A scenario's lab, wired and not yet checked. The caller disposes. */
export async function labOf(runner: Runner, scenario: string): Promise<Lab> {
  await using started = new AsyncDisposableStack()
  started.use(await engineTurn(runner))
  const lab = started.use(await startLab(`kernel-${process.pid}-${++labs}`, await loadScenario(scenario), await driverOf(runner)))
  await carryOut(lab, {ended: (_, number) => awaitClaims(lab.fleet, lab.scenario, number)})
  const whole = started.move()
  return {...lab, [Symbol.asyncDispose]: () => whole.disposeAsync()}
}

/** Runs lines on a node as a person would; a line that is refused ends the test. */
export async function type(lab: Lab, node: string, ...lines: readonly string[]): Promise<string> {
  let output = ''
  for (const line of lines) {
    const {exitCode, stdout, stderr} = await lab.fleet.run(node, line)
    if (exitCode !== 0) throw new Error(`${node}# ${line}\n${stderr}`)
    output += stdout.toString()
  }
  return output
}

export function checkLab(lab: Lab): Promise<Outcome> {
  return check(lab.fleet, lab.scenario)
}

export function pairsOf(outcome: Outcome, name: Claim['check']): readonly PairVerdict[] {
  return outcome.checks.find(({check}) => check === name)?.pairs ?? []
}

/** Which pairs have a verdict, a line each: `pod1 -> pod3: icmp, tcp full`. A protocol alone stands for both sizes. */
export function pairsWith(verdict: Verdict, pairs: readonly PairVerdict[]): string[] {
  const chosen = Map.groupBy(
    pairs.filter((pair) => pair.verdict === verdict),
    ({from, to}) => `${from} -> ${to}`,
  )
  return [...chosen].map(([pair, verdicts]) => `${pair}: ${kindsOf(verdicts)}`.trimEnd()).sort()
}

function kindsOf(verdicts: readonly PairVerdict[]): string {
  const byProtocol = Map.groupBy(verdicts, ({protocol}) => protocol ?? '')
  return [...byProtocol]
    .map(([protocol, same]) => (same.length === 2 ? protocol : `${protocol} ${same[0]?.size ?? ''}`.trim()))
    .sort()
    .join(', ')
}

/** The lines that pairsWith gives, for pairs written out in words. */
export function all(kinds: string, ...pairs: readonly string[]): string[] {
  return pairs.map((pair) => `${pair}: ${kinds}`.trimEnd()).sort()
}

/** Every piece of evidence about a pair, joined. */
export function evidenceOf(pairs: readonly PairVerdict[], pair: string, protocol?: PairVerdict['protocol']): string {
  return pairs
    .filter(({from, to}) => `${from} -> ${to}` === pair)
    .filter((verdict) => protocol === undefined || verdict.protocol === protocol)
    .flatMap(({evidence}) => evidence)
    .join('\n')
}

/**
 * Verdicts without those of a masquerading node's own sockets: where one of its pods' flows, translated, holds the port
 * that the node's own socket has, the kernel translates that port too (nf_nat_core.c). Seldom, and rightly called NAT.
 */
export function withoutOwn(pairs: readonly PairVerdict[], node: string): PairVerdict[] {
  return pairs.filter(({from, protocol}) => from !== node || protocol === 'icmp')
}
