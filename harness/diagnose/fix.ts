// The commands that mend a cause: what changed is changed back; what is gone comes back by the recipe's own lines; and where
// nobody knows how it was, what the cause itself asks for. A fix undoes the fault and nothing else. Pure.
import {contains, familyOf, networkOf, sameHost} from '../address.ts'
import type {Facts} from '../facts/facts.ts'
import type {FixCommand, Place} from '../model.ts'
import type {Root} from './cause.ts'

export interface Known {
  readonly facts: Facts
  readonly places: readonly Place[]
  /** What was typed to wire the lab, in order. */
  readonly history: readonly {readonly node: string; readonly command: string}[]
  /** The underlay's MTU. */
  readonly mtu: number
}

export function fixFor(root: Root, known: Known): FixCommand[] {
  // What is somewhere else goes back to where it was.
  const home = root.cause === 'wrong-namespace' ? root.items[0]?.place : undefined
  const place = known.places.find(({name}) => name === (home ?? root.at))
  if (!place) return []
  const on = (commands: readonly string[]): FixCommand[] => commands.map((command) => ({where: place.node, command}))
  if (root.items.length > 0) {
    const nodeOf = (name: string) => known.places.find((each) => each.name === name)?.node ?? place.node
    const undo = root.items.flatMap((item) => item.undo.map((command): FixCommand => ({where: nodeOf(item.place), command})))
    if (root.items[0]?.undo.length === 0)
      return on([...firstly(root, place), ...fromRecipe(root, place, known), ...forgotten(place, known)])
    const moved = root.items.some(({cause}) => cause === 'duplicate-mac')
    const sized = root.items.some(({cause}) => cause === 'mtu-too-small')
    if (sized) return [...undo, ...sizesForgotten(known)]
    return moved ? [...undo, ...on(forgotten(place, known))] : undo
  }
  return on(byCause(root, place, known))
}

/** What has to be out of the way before the recipe's lines can be typed again. */
function firstly({cause, object, at}: Root, place: Place): string[] {
  if (cause !== 'wrong-namespace') return []
  const inside = at === place.node ? '' : `-n ${at.split('/').at(-1)} `
  // $$ is the shell of the machine itself: ip-link(8) takes a process for the namespace that it is in.
  return [`ip ${inside}link set ${object} netns ${place.netns ?? '$$'}`]
}

/** Senders remember what size a path took (RFC 1191); the fix would show only minutes later. */
function sizesForgotten({places}: Known): FixCommand[] {
  return places.map(({node, netns}) => ({where: node, command: `ip ${netns === undefined ? '' : `-n ${netns} `}route flush cache`}))
}

/** Those who knew it by its old MAC address have to ask again. */
function forgotten({node, addresses}: Place, {places}: Known): string[] {
  return places
    .filter((each) => each.node === node)
    .map(({netns}) => `ip ${netns === undefined ? '' : `-n ${netns} `}neigh flush to ${addresses[0]}`)
}

/** The lines of the recipe that made what is gone, and what hung on it. */
function fromRecipe({cause, object}: Root, place: Place, {history}: Known): string[] {
  const lines = history.filter(({node}) => node === place.node).map(({command}) => command)
  const names =
    (...words: readonly string[]) =>
    (line: string) =>
      words.some((word) => new RegExp(`(^|[\\s/])${escaped(word)}($|[\\s/])`).test(line))
  const pod = place.netns ?? place.name
  if (cause === 'pod-missing') return lines.filter(names(pod, `veth-${pod}`, `veth-${pod}-br`))
  if (cause === 'wrong-namespace' && place.netns !== undefined) return lines.filter((line) => line.startsWith(`ip -n ${pod} `))
  if (cause === 'wrong-namespace')
    return lines.filter((line) => names(object)(line) && line.startsWith('ip link set ') && !line.includes(' netns '))
  if (cause === 'bridge-missing') return lines.filter(names(object))
  return lines.filter((line) => names(object, `${object}-br`)(line) || line.startsWith(`ip -n ${pod} `))
}

function escaped(word: string): string {
  return word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** What each cause asks for, where there is nothing to compare with. */
function byCause({cause, object, forward, back}: Root, place: Place, known: Known): string[] {
  const inside = place.netns === undefined ? '' : `-n ${place.netns} `
  const run = place.netns === undefined ? '' : `ip netns exec ${place.netns} `
  const [, family, table, chain, handle] = /^(\w+) (\S+) (\S+) handle (\d+)/.exec(object) ?? []
  switch (cause) {
    case 'forwarding-off':
    case 'echo-ignored':
    case 'reverse-path-filter':
    case 'ipv6-disabled':
    case 'arp-suppressed':
      if (object.startsWith('net.')) return [`${run}sysctl -w ${object}=${cause === 'forwarding-off' ? 1 : 0}`]
      return handle === undefined
        ? [`ip ${inside}link set dev ${object} arp on`]
        : [`${run}nft delete rule ${family} ${table} ${chain} handle ${handle}`]
    case 'filter-drop':
    case 'filter-reject':
    case 'bridge-filter-drop':
    case 'source-nat':
    case 'destination-nat':
      return handle === undefined ? [] : [`${run}nft delete rule ${family} ${table} ${chain} handle ${handle}`]
    case 'interface-down':
    case 'peer-down':
    case 'bridge-down':
      return [`ip ${inside}link set dev ${object} up`, ...lostRoutes(place, object, known)]
    case 'blackhole-route':
    case 'unreachable-route':
    case 'prohibit-route':
    case 'more-specific-route':
      return [`ip ${inside}route del ${object}`]
    case 'policy-rule':
      return [`ip ${inside}rule del ${object.replace(/^(\d+):/, 'priority $1')}`]
    case 'neighbour-wrong':
      return [`ip ${inside}neigh del ${object.replace(/ lladdr .*/, '')}`]
    case 'fdb-wrong':
      return [`${run}bridge fdb del ${object.replace(/ master .*/, ' master')}`]
    case 'port-isolated':
      return [`bridge link set dev ${object} isolated off`]
    case 'stp-listening':
      return bridgesWithStp(place, known).map((bridge) => `ip link set dev ${bridge} type bridge stp_state 0`)
    case 'port-not-enslaved':
      return firstWords(known, place, (line) => line.includes(`${object} `) && line.includes(' master '))
    case 'mtu-too-small':
    case 'mtu-blackhole':
      return [`ip ${inside}link set dev ${object} mtu ${known.mtu}`]
    case 'no-route':
    case 'no-return-route':
    case 'gateway-missing':
    case 'wrong-next-hop':
    case 'next-hop-unreachable':
    case 'wrong-device':
      return routeBack(
        cause,
        place,
        known,
        [...(back?.ended === 'delivered' ? [] : destinationOf(back)), ...destinationOf(forward)][0],
        object,
      )
    case 'address-missing':
      return firstWords(
        known,
        place,
        (line) => line.includes(' addr add ') && place.addresses.some((address) => line.includes(`${address}/`)),
      )
    case 'duplicate-address':
    case 'overlapping-subnets':
      return duplicate(place, known, object)
    default:
      return []
  }
}

function destinationOf(trace: Root['forward']): string[] {
  const last = trace?.hops.at(-1)
  return last?.nextHop === undefined ? [] : [last.nextHop]
}

function firstWords({history}: Known, {node}: Place, test: (line: string) => boolean): string[] {
  return history
    .filter((line) => line.node === node && test(line.command))
    .map(({command}) => command)
    .slice(0, 1)
}

function bridgesWithStp({name}: Place, {facts}: Known): string[] {
  return (facts.get(name)?.links ?? []).filter(({bridge}) => bridge?.stp).map((link) => link.name)
}

/** Routes of the recipe that went with a device. */
function lostRoutes({node, name, netns}: Place, device: string, {facts, history}: Known): string[] {
  const here = facts.get(name)
  const start = netns === undefined ? 'ip route add ' : `ip -n ${netns} route add `
  return history
    .filter((line) => line.node === node && line.command.startsWith(start))
    .map(({command}) => command)
    .filter((command) => {
      const [to = '', , via = ''] = command.slice(start.length).split(/\s+/)
      const hangs = here?.links.some(
        (link) =>
          link.name === device && link.addresses.some(({address, prefixLength}) => contains(networkOf(address, prefixLength) ?? '', via)),
      )
      return hangs && !here?.routes.some((route) => route.to === (to === 'default' ? '0.0.0.0/0' : to) && route.via === via)
    })
}

/** The recipe's own route where it has one, else one by what the places' addresses ask for. */
function routeBack(cause: string, place: Place, known: Known, address: string | undefined, object: string): string[] {
  const start = place.netns === undefined ? 'ip route add ' : `ip -n ${place.netns} route add `
  const own = known.history.filter(({node, command}) => node === place.node && command.startsWith(start)).map(({command}) => command)
  const target = address ?? object
  const fits = own.find((command) => {
    const to = command.slice(start.length).split(/\s+/)[0] ?? ''
    return to === 'default' ? cause === 'gateway-missing' : contains(to, target)
  })
  const replaced = cause === 'no-route' || cause === 'no-return-route' || cause === 'gateway-missing'
  if (fits !== undefined) return [replaced ? fits : fits.replace('route add', 'route replace')]
  if (cause === 'gateway-missing') {
    const gateway = known.facts
      .get(place.node)
      ?.links.flatMap(({addresses}) => addresses)
      .find(({address: at, prefixLength}) => contains(networkOf(at, prefixLength) ?? '', place.address))
    return gateway ? [`${start}default via ${gateway.address}`] : []
  }
  const owner = known.places.find(({addresses}) => addresses.some((each) => sameHost(each, target)))
  const node = owner && known.places.find(({name}) => name === owner.node)
  if (!owner || !node || node.name === place.name || familyOf(target) !== familyOf(node.address)) return []
  const subnet = known.facts
    .get(owner.name)
    ?.links.flatMap(({addresses}) => addresses)
    .find(({address: at}) => sameHost(at, target))
  return [`${start.replace('add', replaced ? 'add' : 'replace')}${networkOf(target, subnet?.prefixLength ?? 32)} via ${node.address}`]
}

/** The one that is not meant to hold it gives it up. */
function duplicate(place: Place, {facts}: Known, address: string): string[] {
  if (place.addresses.some((own) => sameHost(own, address))) return []
  const link = facts.get(place.name)?.links.find(({addresses}) => addresses.some((own) => sameHost(own.address, address)))
  const held = link?.addresses.find((own) => sameHost(own.address, address))
  const inside = place.netns === undefined ? '' : `-n ${place.netns} `
  return link && held ? [`ip ${inside}addr del ${held.address}/${held.prefixLength} dev ${link.name}`] : []
}
