// Round trips of echo requests (fping(8)), in turns with the plain recipe's: the machine's load moves both alike, and what is
// told is how many times the plain one it is.
import type {CommandResult} from '../command.ts'
import {type Beside, type Measured, measured, unknown} from './measured.ts'
import type {Standing} from './network.ts'
import {beside, median} from './spread.ts'

const ROUNDS = 7
/** Requests a round, and milliseconds between two of them. */
const [REQUESTS, APART] = [40, 2]
/** Milliseconds that an answer is waited for. */
const PATIENCE = 500

export async function measureLatency(own: Standing, plain: Standing): Promise<Measured<Beside>> {
  const rounds: {network: number; plain: number}[] = []
  await Promise.all([own, plain].map((each) => roundTrips(each))) // caches and neighbours, on both
  for (let round = 0; round < ROUNDS; round++) {
    const theirs = await roundTrips(plain)
    const ours = await roundTrips(own)
    if (typeof ours === 'string') return unknown(ours)
    if (typeof theirs === 'string') return unknown(`the plain recipe: ${theirs}`)
    rounds.push({network: median(ours), plain: median(theirs)})
  }
  return measured(beside(rounds))
}

/** Milliseconds each; why there are none, where there are none. */
async function roundTrips({lab, network: {from, to}}: Standing): Promise<number[] | string> {
  const line = `ip netns exec ${from.netns} fping -q -C ${REQUESTS} -p ${APART} -t ${PATIENCE} ${to.address}`
  const result = await lab.fleet.run(from.node, line, {shell: 'observer'})
  const times = timesIn(result)
  // One that is lost is no longer round trip; many say that the network does not carry them.
  if (times.length < REQUESTS / 2) return `${REQUESTS - times.length} of ${REQUESTS} echo requests were not answered`
  return times
}

/** `10.244.2.2 : 0.05 0.04 -`: what fping -C prints for programs, on standard error. */
export function timesIn({stderr}: Pick<CommandResult, 'stderr'>): number[] {
  const [, told = ''] = /^\S+ +: (.*)$/m.exec(stderr.toString()) ?? []
  return told
    .split(' ')
    .filter((word) => /^[\d.]+$/.test(word))
    .map(Number)
}
