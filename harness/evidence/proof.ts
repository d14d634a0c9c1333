// What was seen of a packet whose end the facts do not explain, where it leaves no other cause. Pure.
import type {Cause, Diagnosis, Observation, Place} from '../model.ts'
import {lastSeen} from './conflicts.ts'
import {causesOf} from './reasons.ts'

interface Proof {
  readonly cause: Cause
  readonly at: string
  readonly object: string
  readonly evidence: string
}

/** A diagnosis of `unknown` becomes one that has a name, where the packet's end was seen; any other stays as it is. */
export function proven(diagnosis: Diagnosis, observation: Observation, places: readonly Place[]): Diagnosis {
  const proof = diagnosis.cause === 'unknown' ? proofIn(observation) : undefined
  const place = places.find(({name}) => name === proof?.at)
  if (!proof || !place) return diagnosis
  const where = {node: place.node, netns: place.netns ?? null, object: proof.object}
  return {...diagnosis, cause: proof.cause, where, evidence: [...diagnosis.evidence, proof.evidence]}
}

function proofIn({answered, rules, drops, sightings}: Observation): Proof | undefined {
  if (answered !== false) return undefined
  const [rule, ...otherRules] = rules
  if (rule && otherRules.length === 0) {
    const object = `${rule.family} ${rule.table} ${rule.chain}${rule.handle === undefined ? '' : ` handle ${rule.handle}`}: ${rule.text}`
    const cause = rule.family === 'bridge' ? 'bridge-filter-drop' : /\breject\b/.test(rule.text) ? 'filter-reject' : 'filter-drop'
    return {cause, at: rule.place, object, evidence: `${object} at ${rule.place} dropped the ${rule.way} that was watched`}
  }
  const [words, ...others] = new Set(drops.map((drop) => `${drop.reason} in ${drop.function}`))
  const [cause] = causesOf(drops[0]?.reason ?? '') ?? []
  // It died behind the device that it last came in by: the reply, where there was one.
  const last = lastSeen(sightings, 'reply') ?? lastSeen(sightings, 'request')
  if (words === undefined || others.length > 0 || cause === undefined || last?.direction !== 'in') return undefined
  return {
    cause,
    at: last.place,
    object: last.device,
    evidence: `the kernel dropped it at ${last.place}, come in by ${last.device}: ${words}`,
  }
}
