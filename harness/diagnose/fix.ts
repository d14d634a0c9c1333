// The commands that mend a cause: what changed is changed back; what is gone comes back by the recipe's own lines; and where
// nobody knows how it was, what the cause itself asks for. A fix undoes the fault and nothing else. Pure.
import {familyOf, sameHost} from '../address.ts'
import type {FixCommand, Place} from '../model.ts'
import {everyHop} from '../trace/path.ts'
import {startedAgain} from './daemon-fix.ts'
import type {Difference} from './differences/change.ts'
import type {Known} from './known.ts'
import {askewAt} from './masks.ts'
import {lostRoutes, routeBack, routesLost} from './recipe-routes.ts'
import type {Root} from './root.ts'
import {isOfTunnel, neighbourLines, tunnelFix} from './tunnel-fix.ts'

export function fixFor(root: Root, known: Known): FixCommand[] {
  // Only the daemons can open it again.
  if (
    root.cause === 'bgp-session-down' ||
    root.items.some(({process, kind, withheld}) => process || kind === 'daemon' || withheld !== undefined)
  )
    return startedAgain(root, known)
  // What is somewhere else goes back to where it was.
  const home = root.cause === 'wrong-namespace' ? root.items[0]?.place : undefined
  const place = known.places.find(({name}) => name === (home ?? root.at))
  // No line on a node starts it: that is its driver's affair.
  if (!place || root.cause === 'node-down') return []
  const on = (commands: readonly string[]): FixCommand[] => commands.map((command) => ({where: place.node, command}))
  if (root.items.length > 0) {
    const nodeOf = (name: string) => known.places.find((each) => each.name === name)?.node ?? place.node
    const undo = root.items.flatMap((item) => item.undo.map((command): FixCommand => ({where: nodeOf(item.place), command})))
    if (isOfTunnel(root.cause)) {
      // What a daemon has made no recipe makes.
      const typed = root.items[0]?.kind !== 'link' || makes(linesOf(place, known), root.object) ? byCause(root, place, known) : []
      return typed.length > 0 ? on(typed) : undo
    }
    if (root.items[0]?.kind === 'traffic-control' && undo.length === 0) return on(programLines(root.items[0], place, known))
    if (root.items[0]?.kind === 'switch' && undo.length === 0)
      return on(firstWords(known, place, (line) => / add-(port|br) /.test(line) && line.split(/\s+/).includes(root.object)))
    if (root.items[0]?.undo.length === 0) {
      // A machine's own cable is its driver's affair, too.
      const made = fromRecipe(root, place, known)
      return made.length === 0 ? [] : [...on(made), ...forgotten(place, known)]
    }
    const moved = root.items.some(({cause}) => cause === 'duplicate-mac')
    const claimed = root.cause === 'duplicate-address' ? root.items.flatMap(({address = []}) => address) : []
    const sized = root.items.some(({cause}) => cause === 'mtu-too-small')
    if (sized) return [...undo, ...sizesForgotten(known)]
    return [...undo, ...(moved ? forgotten(place, known) : []), ...forgotten({...place, addresses: claimed}, known)]
  }
  return on(byCause(root, place, known))
}

/** Senders remember what size a path took (RFC 1191, RFC 8201); the fix would show only minutes later. */
function sizesForgotten({places}: Known): FixCommand[] {
  return places.flatMap(({node, netns, addresses}) =>
    [...new Set(addresses.map(familyOf))].map((family) => ({
      where: node,
      command: `ip ${netns === undefined ? '' : `-n ${netns} `}${family === 6 ? '-6 ' : ''}route flush cache`,
    })),
  )
}

/** Those who know its addresses by a MAC address that is not theirs any more have to ask again. */
function forgotten({node, netns, addresses}: Place, {places}: Known): FixCommand[] {
  return places
    .filter((each) => each.node === node || (netns === undefined && each.netns === undefined))
    .flatMap((each) =>
      addresses.map((address) => ({
        where: each.node,
        command: `ip ${each.netns === undefined ? '' : `-n ${each.netns} `}neigh flush to ${address}`,
      })),
    )
}

/** The lines of the recipe that made what is gone, and what hung on it. */
function fromRecipe({cause, object}: Pick<Root, 'cause' | 'object'>, place: Place, known: Known): string[] {
  const lines = linesOf(place, known)
  const names =
    (...words: readonly string[]) =>
    (line: string) =>
      words.some((word) => new RegExp(`(^|[\\s/])${escaped(word)}($|[\\s/])`).test(line))
  const pod = place.netns ?? place.name
  if (cause === 'pod-missing') return lines.filter(names(pod, `veth-${pod}`, `veth-${pod}-br`))
  if (cause === 'bridge-missing') return lines.filter(names(object))
  return lines.filter((line) => names(object, `${object}-br`)(line) || line.startsWith(`ip -n ${pod} `))
}

function escaped(word: string): string {
  return word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** The recipe's lines that put programs on a device, with what holds them where that is gone too. */
function programLines({device = '', place: at}: Difference, place: Place, known: Known): string[] {
  const held = known.facts.get(at)?.trafficControl.some(({dev, kind}) => dev === device && kind === 'clsact')
  return linesOf(place, known).filter(
    (line) => line.startsWith(`tc filter add dev ${device} `) || (!held && line.startsWith(`tc qdisc add dev ${device} clsact`)),
  )
}

function makes(lines: readonly string[], device: string): boolean {
  return lines.some((line) => line.startsWith(`ip link add ${device} `))
}

function linesOf({node}: Place, {history}: Pick<Known, 'history'>): string[] {
  return [...new Set(history.filter((line) => line.node === node).map(({command}) => command))]
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
    case 'pod-missing':
    case 'interface-missing':
    case 'bridge-missing':
      return fromRecipe({cause, object}, place, known)
    case 'blackhole-route':
    case 'unreachable-route':
    case 'prohibit-route':
    case 'more-specific-route':
      return [`ip ${inside}route del ${object}`]
    case 'policy-rule':
      return [`ip ${inside}rule del ${object.replace(/^(\d+):/, 'priority $1')}`]
    case 'neighbour-wrong': {
      const fixed = fixedByRecipe(place, known, object)
      return fixed.length > 0 ? fixed : [`ip ${inside}neigh del ${object.replace(/ lladdr .*/, '')}`]
    }
    case 'fdb-wrong':
      return [`${run}bridge fdb del ${object.replace(/ master .*/, ' master')}`]
    case 'port-isolated':
      return [`bridge link set dev ${object} isolated off`]
    case 'flow-missing':
      // Whoever tells the switch of flows does so anew when it comes back to him (ovs-vswitchd(8)).
      return / controller |^map /.test(object) ? [] : [`ovs-appctl bridge/reconnect ${object.split(' ')[0]}`]
    case 'stp-listening':
      return bridgesWithStp(place, known).map((bridge) => `ip link set dev ${bridge} type bridge stp_state 0`)
    case 'port-not-enslaved':
      return firstWords(known, place, (line) => line.includes(`${object} `) && line.includes(' master '))
    case 'mtu-too-small':
    case 'mtu-blackhole':
      // Where a router only said a size, nobody knows whose it is.
      if (object.startsWith('cache ')) return [`ip ${inside}route flush cache`]
      return object.startsWith('mtu ') ? [] : [`ip ${inside}link set dev ${object} mtu ${known.mtu}`]
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
      return addressBack(place, known, object)
    case 'duplicate-address':
    case 'overlapping-subnets':
      return duplicate(place, known, object.split('/')[0] ?? object)
    case 'wrong-prefix-length':
      return rightLength(place, known, object)
    default:
      return tunnelFix({cause, object, here: known.facts.get(place.name), lines: linesOf(place, known)})
  }
}

function destinationOf(trace: Root['forward']): string[] {
  const last = trace && everyHop(trace).at(-1)
  return last?.nextHop === undefined ? [] : [last.nextHop]
}

function firstWords({history}: Known, {node}: Place, test: (line: string) => boolean): string[] {
  return history
    .filter((line) => line.node === node && test(line.command))
    .map(({command}) => command)
    .slice(0, 1)
}

/** Where the recipe fixes an entry, nobody is asked: without it there is none. */
function fixedByRecipe(place: Place, known: Known, object: string): string[] {
  const [address = '', , device = '', , wrong = ''] = object.split(' ')
  const start = `ip ${place.netns === undefined ? '' : `-n ${place.netns} `}neigh `
  const lines = linesOf(place, known).filter((line) => line.startsWith(start) && !line.split(' ').includes(wrong))
  return neighbourLines(lines, address, device).slice(-1)
}

function bridgesWithStp({name}: Place, {facts}: Known): string[] {
  return (facts.get(name)?.links ?? []).filter(({bridge}) => bridge?.stp).map((link) => link.name)
}

/** As most in the lab have it, and the recipe's routes by gateways that were out of reach. */
function rightLength(place: Place, known: Known, object: string): string[] {
  const {facts, places} = known
  const found = askewAt(facts, places, place.name).find(({address}) => object.startsWith(`${address.address}/`))
  if (!found) return []
  const {device, address, length} = found
  const inside = place.netns === undefined ? '' : `-n ${place.netns} `
  const [right, wrong] = [length, address.prefixLength].map((bits) => `${address.address}/${bits} dev ${device}`)
  return [`ip ${inside}addr add ${right}`, `ip ${inside}addr del ${wrong}`, ...routesLost(place, known)]
}

/** The recipe's own line; a machine has its address from whatever started it, with the length that the others have. */
function addressBack(place: Place, known: Known, object: string): string[] {
  const start = `ip ${place.netns === undefined ? '' : `-n ${place.netns} `}addr add `
  const device = object.split(' dev ').at(-1) ?? object
  const own = known.history
    .filter(({node, command}) => node === place.node && command.startsWith(start))
    .map(({command}) => command)
    .filter((line) => line.endsWith(` dev ${device}`) || place.addresses.some((address) => line.includes(`${address}/`)))
  if (own.length > 0) return [...own.slice(0, 1), ...routesLost(place, known)]
  const peer = known.places.find(({kind, name}) => kind === 'node' && name !== place.name)
  const length = known.facts
    .get(peer?.name ?? '')
    ?.links.flatMap(({addresses}) => addresses)
    .find(({address}) => address === peer?.address)?.prefixLength
  if (place.kind !== 'node' || length === undefined) return []
  return [`${start}${place.address}/${length} dev eth0`, ...routesLost(place, known)]
}

/** The one that is not meant to hold it gives it up. */
function duplicate(place: Place, {facts}: Known, address: string): string[] {
  if (place.addresses.some((own) => sameHost(own, address))) return []
  const link = facts.get(place.name)?.links.find(({addresses}) => addresses.some((own) => sameHost(own.address, address)))
  const held = link?.addresses.find((own) => sameHost(own.address, address))
  const inside = place.netns === undefined ? '' : `-n ${place.netns} `
  return link && held ? [`ip ${inside}addr del ${held.address}/${held.prefixLength} dev ${link.name}`] : []
}
