// The claim that each node's pods are on a subnet of their own: the networks that the nodes are attached to their pods by
// do not overlap. Where they do, an address does not say which node it is on.
import {contains, networkOf, overlap, prefixLengthOf, sameHost} from '../address.ts'
import {type Interface, type Interfaces, underlayDevice} from '../facts/interfaces.ts'
import type {PairVerdict, Place} from '../model.ts'

/** One verdict for each unordered pair of nodes. A node's pod networks are those of its pods' own addresses and prefix lengths. */
export function ownSubnetVerdicts(places: readonly Place[], interfaces: Interfaces): PairVerdict[] {
  const nodes = places.filter(({kind}) => kind === 'node')
  const pairs: PairVerdict[] = []
  for (const [index, a] of nodes.entries()) {
    for (const b of nodes.slice(index + 1)) pairs.push(compare(a, b, places, interfaces))
  }
  return pairs
}

function compare(a: Place, b: Place, places: readonly Place[], interfaces: Interfaces): PairVerdict {
  const pair = {from: a.name, to: b.name}
  const [ofA, ofB] = [subnetsOf(a, places, interfaces), subnetsOf(b, places, interfaces)]
  const unread = [ofA, ofB].filter((found) => typeof found === 'string')
  if (typeof ofA === 'string' || typeof ofB === 'string') return {...pair, verdict: 'unknown', evidence: unread}
  const evidence = ofA.flatMap((left) =>
    ofB.filter((right) => overlap(left, right)).map((right) => `the pods of ${a.name} are on ${left}, those of ${b.name} on ${right}`),
  )
  return {...pair, verdict: evidence.length > 0 ? 'fail' : 'pass', evidence: [...new Set(evidence)]}
}

/**
 * The networks of a node's pods, or why they cannot be told: those of the pods' own addresses, and of the node's devices
 * beside the underlay's (with eth0 also what has it as a port and holds the node's address: a switch), whether or not a pod is
 * attached yet. A /32 counts as the network of the device that holds it.
 */
function subnetsOf(node: Place, places: readonly Place[], interfaces: Interfaces): string[] | string {
  const subnets = new Set<string>()
  const links = interfaces.get(node.name)
  const underlay = underlayDevice(links ?? [], node)
  const isNodes = ({name, addresses}: Interface) => name === 'eth0' || addresses.some(({address}) => sameHost(address, node.address))
  const around = links?.filter((link) => link.name !== 'lo' && link !== underlay && !isNodes(link))
  if (!around) return `${node.name}: its addresses could not be read`
  const networks = around.flatMap(({addresses}) => addresses.map(({address, prefixLength}) => networkOf(address, prefixLength) ?? ''))
  for (const network of networks) if ((prefixLengthOf(network) ?? 0) < (network.includes(':') ? 128 : 32)) subnets.add(network)
  for (const pod of places.filter(({kind, node: of}) => kind === 'pod' && of === node.name)) {
    const inside = interfaces.get(pod.name)
    if (!inside) return `${pod.name}: its addresses could not be read`
    for (const {address, prefixLength} of inside.flatMap(({addresses}) => addresses))
      subnets.add(networks.find((network) => contains(network, address)) ?? networkOf(address, prefixLength) ?? '')
  }
  return subnets.size === 0 ? `${node.name} has no network for pods` : [...subnets]
}
