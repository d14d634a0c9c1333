// What the trace predicts of a lab, held against what packets do there.
import fc from 'fast-check'
import PQueue from 'p-queue'
import {localDriver} from '../../../harness/drivers/local.ts'
import type {Facts} from '../../../harness/facts/facts.ts'
import {forgetUnresolved} from '../../../harness/facts/neighbours.ts'
import {readFacts} from '../../../harness/facts/read.ts'
import type {Place, Probe} from '../../../harness/model.ts'
import {allPairs, probePairs} from '../../../harness/probe/probe.ts'
import type {Trace} from '../../../harness/trace/path.ts'
import {traceTo} from '../../../harness/trace.ts'
import {type Line, type RandomLab, randomLab} from './random-labs.ts'

/** Milliseconds that an unanswered probe is waited for. */
const PATIENCE = 150
const MTU = 1500
const SMALL = 84

let labs = 0

interface Compared {
  /** Where prediction and packets differ, a line each. */
  readonly differences: readonly string[]
  /** Exchanges that were compared, and those of which the facts do not tell. */
  readonly compared: number
  readonly undecided: number
}

/** Starts the lab, types its lines, reads its facts, and only then sends. */
async function compare(lab: RandomLab): Promise<Compared> {
  await using fleet = await localDriver().start({
    lab: `against-${process.pid}-${++labs}`,
    underlay: '192.168.1.0/24',
    nodes: lab.nodes,
  })
  for (const lines of [lab.wiring, lab.faults])
    await Promise.all(
      lab.nodes.map(({name}) =>
        fleet.run(
          name,
          lines
            .filter(({node}) => node === name)
            .map(({command}) => command)
            .join('\n'),
        ),
      ),
    )
  const facts = await readFacts(fleet, lab.places)
  const probe = async (patience: number) => {
    const probes = await probePairs(fleet, lab.places, allPairs(lab.places), {mtu: MTU, patience})
    return probes.filter(({protocol, size}) => !(protocol === 'tcp' && size === 'full')).map((each) => judge(each, facts, lab.places))
  }
  let judged = await probe(PATIENCE)
  if (judged.some(({difference}) => difference !== undefined)) {
    // A busy machine may have lost a packet. What differs, differs again.
    await forgetUnresolved(fleet, lab.places)
    judged = await probe(4 * PATIENCE)
  }
  return {
    differences: judged.flatMap(({difference}) => (difference === undefined ? [] : [difference])),
    compared: judged.length,
    undecided: judged.filter(({undecided}) => undecided).length,
  }
}

interface Judged {
  readonly difference?: string
  readonly undecided?: boolean
}

function judge(probe: Probe, facts: Facts, places: readonly Place[]): Judged {
  const {from, to, address, protocol, size, answered, error} = probe
  if (answered === null) return {undecided: true}
  const length = size === 'full' ? MTU : SMALL
  const there = traceTo(facts, places, from, address, {protocol, length})
  const arrived = there.ended === 'delivered' && there.at === to
  const back =
    arrived && there.source !== undefined
      ? traceTo(facts, places, to, there.source, {
          protocol,
          length,
          reply: true,
          source: address,
          sourcePort: 20_790,
          destinationPort: 40_000,
        })
      : undefined
  const returned = back?.ended === 'delivered' && back.at === from
  // A connection needs a third packet, of which filters think otherwise than of the first.
  const third = returned && protocol === 'tcp' ? traceTo(facts, places, from, address, {protocol, established: true}) : undefined
  const whole = returned && (third === undefined || (third.ended === 'delivered' && third.at === to))
  const traces = [there, back, third].filter((trace) => trace !== undefined)
  const words = `${from} -> ${to} ${protocol} ${size}: ${answered ? 'answered' : (error ?? 'not answered')}, predicted ${traces.map(told).join(', back ')}`
  if (traces.some(({ended, doubts, evidence}) => UNDECIDED.includes(ended) || evidence.includes('it does not answer') || doubts.length > 0))
    return {undecided: true}
  // The full echo requests are of one flow with the small ones, and may come first or second.
  if (protocol === 'icmp' && size === 'full' && [...facts.values()].some((here) => here && JSON.stringify(here.ruleset).includes('"ct"')))
    return {undecided: true}
  if (whole !== answered) return {difference: words}
  const said = answered ? undefined : sayings(probe, there, facts)
  return said === undefined ? {} : {difference: `${words} (${said})`}
}

/**
 * What takes the one course or the other by who was heard first: two that answer for one address or have one MAC. And who
 * does not answer may be known to those whom it has asked, for some seconds.
 */
const UNDECIDED: readonly string[] = ['unknown', 'duplicate-address', 'duplicate-mac', 'arp-suppressed']

function told({ended, at, evidence}: Trace): string {
  return `${ended} at ${at} (${evidence})`
}

/** What the kernel's own word means for where a path ended; undefined where it agrees or says nothing. */
function sayings({from, error = ''}: Probe, there: Trace, facts: Facts): string | undefined {
  const [, word, sender] = /^([a-z-]+)(?: \d+)? from (.*)$/.exec(error) ?? []
  if (word !== undefined && sender !== undefined) {
    const holders = [...facts].filter(([, here]) => here?.links.some(({addresses}) => addresses.some((own) => own.address === sender)))
    if (holders.length === 1 && word !== 'ttl-exceeded' && holders[0]?.[0] !== there.at) return `${word} came from ${holders[0]?.[0]}`
    const kinds: Readonly<Record<string, readonly string[]>> = {
      'net-unreachable': ['no-route', 'gateway-missing', 'policy-rule', 'filter-reject', 'echo-ignored'],
      'host-unreachable': ['unreachable-route', 'policy-rule'],
      'admin-prohibited': ['prohibit-route', 'policy-rule', 'filter-reject', 'echo-ignored'],
      'port-unreachable': ['filter-reject', 'echo-ignored'],
      'frag-needed': ['mtu-too-small'],
      'ttl-exceeded': ['routing-loop'],
    }
    if (word === 'net-unreachable' && there.at === holders[0]?.[0]) return undefined
    const allowed = kinds[word]
    return allowed && !allowed.includes(there.ended) ? `${word} means ${allowed.join(' or ')}` : undefined
  }
  // A packet before may have been told the size of the path, and the sender remembers it.
  if (error === 'EMSGSIZE') return there.ended === 'mtu-too-small' ? undefined : 'EMSGSIZE means mtu-too-small'
  if (['ENETUNREACH', 'EACCES', 'EINVAL', 'EPERM'].includes(error) && there.hops.length > 1)
    return `${error} means that it ended at ${from}`
  return undefined
}

/** How it would be typed again. */
function typed(lab: RandomLab): string {
  const lines = (what: readonly Line[]) => what.map(({node, command}) => `  ${node}# ${command}`).join('\n')
  return `wired by\n${lines(lab.wiring)}\nbroken by\n${lines(lab.faults)}`
}

interface Outcome {
  readonly cases: number
  readonly compared: number
  readonly undecided: number
  /** The smallest lab that was found to differ, and how. */
  readonly counterexample?: string
}

/** Draws and compares so many labs, some side by side: their time is waiting. What differs is then made smaller. */
export async function holdAgainstKernel(seed: number, cases: number, shrinking = 60_000): Promise<Outcome> {
  const queue = new PQueue({concurrency: 4})
  let [compared, undecided] = [0, 0]
  const wrong: number[] = []
  await queue.addAll(
    fc.sample(randomLab, {seed, numRuns: cases}).map((lab, index) => async () => {
      if (wrong.length > 0) return
      const outcome = await compare(lab)
      compared += outcome.compared
      undecided += outcome.undecided
      if (outcome.differences.length > 0) wrong.push(index)
    }),
  )
  const [first] = wrong
  const counted = {cases, compared, undecided}
  if (first === undefined) return counted
  const found = await fc.check(
    fc.asyncProperty(randomLab, async (lab) => (await compare(lab)).differences.length === 0),
    {seed, path: String(first), numRuns: 1, interruptAfterTimeLimit: shrinking},
  )
  const [smallest] = found.counterexample ?? fc.sample(randomLab, {seed, path: String(first), numRuns: 1})
  const {differences} = await compare(smallest as RandomLab)
  return {...counted, counterexample: `seed ${seed}, case ${first}\n${typed(smallest as RandomLab)}\n${differences.join('\n')}`}
}
