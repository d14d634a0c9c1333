// A lab that is broken by literal lines, diagnosed and mended by what the diagnosis says: the same in every test of it.
import type {ExecutionContext} from 'ava'
import {examine} from '../../../harness/examine.ts'
import type {Facts} from '../../../harness/facts/facts.ts'
import {forgetNeighbours, forgetUnresolved} from '../../../harness/facts/neighbours.ts'
import {readFacts} from '../../../harness/facts/read.ts'
import {differences} from '../../../harness/faults/difference.ts'
import type {Lab} from '../../../harness/lab.ts'
import {type Diagnosis, type FixCommand, type Place, placesAfter} from '../../../harness/model.ts'
import {allPairs, probePairs} from '../../../harness/probe/probe.ts'

/** A lab that works, and what it is like then. */
export interface Healthy {
  readonly lab: Lab
  readonly places: readonly Place[]
  readonly before: Facts
}

export async function healthy(lab: Lab): Promise<Healthy> {
  const places = placesAfter(lab.scenario, lab.scenario.stages.length)
  return {lab, places, before: await readFacts(lab.fleet, places)}
}

/** @returns what was refused */
export async function type({lab}: Healthy, commands: readonly FixCommand[]): Promise<string[]> {
  const refused: string[] = []
  for (const {where, command} of commands) {
    const {exitCode, stderr} = await lab.fleet.run(where, command)
    if (exitCode !== 0) refused.push(`${where}# ${command}: ${stderr}`)
  }
  return refused
}

/** @param blind without the facts of the lab when it worked */
export async function diagnosed({lab, places, before}: Healthy, blind = false): Promise<readonly Diagnosis[]> {
  const history = lab.history.map(({node, command}) => ({node, command}))
  const {diagnoses} = await examine(lab.fleet, places, pairsIn(places), {history, before: blind ? undefined : before})
  return diagnoses
}

function pairsIn(places: readonly Place[]) {
  return allPairs(places.filter(({kind}) => kind !== 'host'))
}

export async function works({lab, places}: Healthy): Promise<boolean> {
  await forgetUnresolved(lab.fleet, places)
  await forgetNeighbours(lab.fleet, places)
  return (await probePairs(lab.fleet, places, pairsIn(places), {mtu: 1500})).every(({answered}) => answered === true)
}

/** `no-route node1 10.244.2.0/24 via …`, a line each; a pod's with its namespace: `gateway-missing node1/pod1 …`. */
function namesOf(found: readonly Diagnosis[]): string[] {
  return found.map(({cause, where}) => `${cause} ${where.node}${where.netns === null ? '' : `/${where.netns}`} ${where.object}`).sort()
}

/**
 * Types lines, compares what is told with what is expected, and types the fixes: every pair has to work again, and everything to be as it was.
 *
 * @param lines `node1# ip route …`
 * @param expected how each name begins, in any order
 */
export async function breaksAndMends(
  t: ExecutionContext,
  here: Healthy,
  lines: readonly string[],
  expected: readonly string[],
): Promise<void> {
  const said = lines.join('; ')
  t.deepEqual(await type(here, lines.map(commandOf)), [], said)
  const found = await diagnosed(here)
  const names = namesOf(found)
  t.is(names.length, expected.length, `${said}: ${names.join('; ')}`)
  for (const start of expected)
    t.true(
      names.some((name) => name.startsWith(start)),
      `${said} is not told as ${start}: ${names.join('; ')}`,
    )
  const fix = found.flatMap((each) => each.fix)
  t.deepEqual(await type(here, fix), [], said)
  t.true(await works(here), `${said} is mended by ${fix.map(({command}) => command).join('; ')}`)
  t.deepEqual(
    differences(here.before, await readFacts(here.lab.fleet, here.places)),
    [],
    `${said}, mended by ${fix.map(({command}) => command).join('; ')}`,
  )
}

function commandOf(line: string): FixCommand {
  const [where = '', ...command] = line.split('# ')
  return {where, command: command.join('# ')}
}
