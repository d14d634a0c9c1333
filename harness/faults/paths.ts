// What several faults of routes need: the route to another node's pods, and who depends on it. Pure.
import {routeLine} from '../facts/routes.ts'
import {type Injection, on, pairs} from './fault.ts'
import {farFrom, type Pod, podOn, routeTo, type Site, type Wired} from './wired.ts'

/** What depends on a node's route to a pod of another one. */
export function across(lab: Wired, node: Site): string[] {
  const [near, far] = [podOn(lab, node), farFrom(lab, node)]
  return pairs([near, far], [far, near], [node, far])
}

/** A node's route to the pods of another node is replaced. */
export function rerouted(lab: Wired, node: Site, line: (to: string) => string): Pick<Injection, 'inject' | 'heal'> {
  const route = routeTo(node, farFrom(lab, node).address)
  return {
    inject: on(node.node, `ip route replace ${line(route.to)}`),
    heal: on(node.node, `ip route replace ${routeLine(route)}`),
  }
}

export function defaultOf(pod: Pod) {
  const {gateway} = pod
  return pod.facts.routes.find(({to, via}) => to === '0.0.0.0/0' && via === gateway.address) ?? routeTo(pod, '0.0.0.0')
}

/** A host of the network that a device is on, which nobody has. */
export function nobodyNear(address: string): string {
  return address.replace(/\d+$/, '253')
}
