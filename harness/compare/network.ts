// What is compared of a scenario: from which stage on its network is whole, between which pods it is measured, and where its
// packets are on a wire. All three stand in the scenario: its claim about the wire says them.
import {familyOf} from '../address.ts'
import type {Tap} from '../capture/taps.ts'
import type {Lab} from '../lab.ts'
import {type Place, placesAfter, type Scenario, type WireClaim} from '../model.ts'

export interface Network {
  readonly scenario: Scenario
  /** How many stages make it whole. What comes after breaks and mends it. */
  readonly whole: number
  /** Pods on different nodes. */
  readonly from: Place
  readonly to: Place
  /** Where a packet between them is on a wire. */
  readonly tap: Tap
}

/** A network whose stages up to `whole` have run. */
export interface Standing {
  readonly lab: Lab
  readonly network: Network
}

/** @returns why there is nothing to compare, where there is not */
export function networkOf(scenario: Scenario): Network | string {
  const stages = scenario.stages.map(({claims}) => claims.find((claim): claim is WireClaim => claim.check === 'wire'))
  const at = stages.findIndex((claim) => claim !== undefined)
  const claim = stages[at]
  const whole = at < 0 ? scenario.stages.length : at + 1
  const pods = placesAfter(scenario, whole).filter(({kind, address}) => kind === 'pod' && familyOf(address) === 4)
  const from = claim ? pods.find(({name}) => name === claim.from) : pods[0]
  const to = claim ? pods.find(({name}) => name === claim.to) : pods.find(({node}) => node !== from?.node)
  if (!from || !to || from.node === to.node) return 'it has no two pods with IPv4 addresses on different nodes'
  return {scenario, whole, from, to, tap: tapOf(scenario, from, claim)}
}

/** The network's scenario as far as it is whole, and no further. */
export function wholeOnly({scenario, whole}: Network): Scenario {
  return {...scenario, stages: scenario.stages.slice(0, whole), claims: []}
}

function tapOf(scenario: Scenario, from: Place, claim: WireClaim | undefined): Tap {
  if (!claim?.at) return {place: from.node, node: from.node, netns: undefined, device: 'eth0'}
  const {place, device} = claim.at
  const there = placesAfter(scenario, scenario.stages.length).find(({name}) => name === place)
  return {place, node: there?.node ?? place, netns: there?.netns, device}
}
