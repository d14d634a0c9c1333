// The size of the largest packet that the datapath carries either way, whatever its devices say: an echo request with Don't
// Fragment set, from each end, found by halving. Answers may come in pieces, so that one end's requests say nothing of the way back.
import {placesAfter} from '../model.ts'
import {probePairs} from '../probe/probe.ts'
import {type Measured, measured, unknown} from './measured.ts'
import type {Standing} from './network.ts'

/** Bytes: a probe's message and its headers, and what IPv4's length field can say (RFC 791). */
const [LEAST, MOST] = [128, 65_535]
/** What is meant where nothing is said: Ethernet's own. */
const USUAL = 1500
const PATIENCE = 250

export async function measureMtu({lab, network: {scenario, whole, from, to}}: Standing): Promise<Measured<number>> {
  const pairs = [
    {from: from.name, to: to.name, address: to.address},
    {from: to.name, to: from.name, address: from.address},
  ]
  const places = placesAfter(scenario, whole)
  const passes = async (mtu: number) => {
    // Silence is asked twice: a busy machine may have kept the answer back. A refusal is not.
    for (let tried = 0; tried < 2; tried++) {
      const options = {mtu, sizes: ['full'], protocols: ['icmp'], patience: PATIENCE} as const
      const all = await probePairs(lab.fleet, places, pairs, options)
      const probes = all.filter(({protocol}) => protocol === 'icmp')
      if (probes.length > 0 && probes.every(({answered}) => answered)) return true
      if (probes.some(({answered, error}) => !answered && error !== 'no-answer')) return false
    }
    return false
  }
  const largest = await largestThat(passes, scenario.mtu ?? USUAL, [LEAST, MOST])
  return largest === undefined ? unknown(`not even ${LEAST} bytes were answered both ways`) : measured(largest)
}

/**
 * The largest number that passes, where all below one that passes do too. What is expected is tried first, and the one above.
 * @returns undefined when none does
 */
export async function largestThat(
  passes: (size: number) => Promise<boolean>,
  expected: number,
  [least, most]: readonly [number, number],
): Promise<number | undefined> {
  let good: number | undefined
  let bad = most + 1
  let next = expected
  while (good === undefined || bad - good > 1) {
    if (await passes(next)) good = next
    else bad = next
    if (good === undefined) {
      if (bad <= least) return undefined
      next = bad === expected ? least : Math.floor((least + bad) / 2)
    } else next = good === expected ? good + 1 : Math.floor((good + bad) / 2)
  }
  return good
}
