// Diagnoses with the two ways of the pair that stands for the others, as the facts predict them, and what its packets did.
import type {Facts} from '../facts/facts.ts'
import type {Diagnosis, Place, Probe} from '../model.ts'
import {traceTo} from '../trace.ts'
import type {DiagnosisSource} from './diagnosis.ts'

export interface Diagnosed {
  readonly diagnoses: readonly Diagnosis[]
  readonly facts: Facts
  readonly places: readonly Place[]
  readonly probes: readonly Probe[]
}

export function withPaths({diagnoses, facts, places, probes}: Diagnosed): DiagnosisSource[] {
  return diagnoses.map((diagnosis) => {
    const own = probes.filter(({from, to}) => from === diagnosis.from && to === diagnosis.to)
    const worst = own.find(({answered}) => answered !== true) ?? own[0]
    const address = worst?.address
    if (address === undefined) return {diagnosis, probes: own}
    const protocol = diagnosis.protocol ?? 'icmp'
    const forward = traceTo(facts, places, diagnosis.from, address, {protocol})
    const back =
      forward.ended === 'delivered' && forward.source !== undefined
        ? traceTo(facts, places, forward.at, forward.source, {protocol, reply: true, source: address})
        : undefined
    return {diagnosis, address, forward, ...(back && {back}), probes: own}
  })
}
