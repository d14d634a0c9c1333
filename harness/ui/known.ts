// What is known of why pairs fail, of a lab that goes on: a diagnosis stands as long as what it explains is so.
import {noNatVerdicts} from '../checks/no-nat.ts'
import type {Diagnosis, Probe} from '../model.ts'

export interface KnownDiagnoses {
  /** What was found when this pair was asked about; of its pairs nothing older stands. */
  add(from: string, to: string, found: readonly Diagnosis[]): void
  /** Something in the lab is another now. */
  changed(): void
  /** Those that stand, as the last packets went. */
  standing(probes: readonly Probe[]): readonly Diagnosis[]
}

export function knownDiagnoses(): KnownDiagnoses {
  let all: readonly Diagnosis[] = []
  /** Of faults that no packet suffers from yet, until something changes. */
  let quiet = new Set<Diagnosis>()
  const fresh = new Set<Diagnosis>()

  return {
    add(from, to, found) {
      const pairs = new Set([`${from} -> ${to}`, `${to} -> ${from}`, ...found.flatMap((one) => one.pairs)])
      all = [...all.filter((known) => !known.pairs.some((pair) => pairs.has(pair))), ...found]
      for (const one of found) fresh.add(one)
    },
    changed() {
      quiet = new Set()
    },
    standing(probes) {
      for (const one of fresh) if (!suffers(one, probes)) quiet.add(one)
      fresh.clear()
      all = all.filter((one) => quiet.has(one) || suffers(one, probes))
      return all
    },
  }
}

/** One of its pairs is not answered, or translated. */
function suffers({pairs}: Diagnosis, probes: readonly Probe[]): boolean {
  const own = probes.filter(({from, to}) => pairs.includes(`${from} -> ${to}`))
  return own.some(({answered}) => answered !== true) || noNatVerdicts(own).some(({verdict}) => verdict === 'fail')
}
