// Routes that are to come back, where nobody knows how they were: the recipe's own, else those that the places' addresses ask for. Pure.
import {contains, familyOf, networkOf, sameHost} from '../address.ts'
import {routeLine} from '../facts/routes.ts'
import type {Place} from '../model.ts'
import type {Known} from './known.ts'

/** The recipe's lines that add routes which are not there, and which it has not taken away itself. */
export function routesLost({node, name, netns}: Place, {facts, history}: Known): string[] {
  const start = `ip ${netns === undefined ? '' : `-n ${netns} `}route add `
  const there = (facts.get(name)?.routes ?? []).map((route) => `${routeLine(route)} `)
  const lines = history.filter((line) => line.node === node).map(({command}) => command)
  return lines
    .filter((command) => command.startsWith(start))
    .filter((command) => !there.some((line) => line.startsWith(`${command.slice(start.length)} `)))
    .filter((command) => {
      const taken = `${start.replace(' add ', ' del ')}${command.slice(start.length).split(' ')[0]}`
      return !lines.slice(lines.lastIndexOf(command)).some((line) => `${line} `.startsWith(`${taken} `))
    })
}

/** Routes of the recipe that went with a device. */
export function lostRoutes({node, name, netns}: Place, device: string, {facts, history}: Known): string[] {
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
export function routeBack(cause: string, place: Place, known: Known, address: string | undefined, object: string): string[] {
  const start = place.netns === undefined ? 'ip route add ' : `ip -n ${place.netns} route add `
  const own = known.history.filter(({node, command}) => node === place.node && command.startsWith(start)).map(({command}) => command)
  const target = address ?? object
  const direct = cause === 'no-route' && connectedTo(place, known, target)
  if (direct) return [`${start}${direct}`]
  const named = own.find((command) => command.slice(start.length).split(/\s+/)[0] === object.split(' ')[0])
  const fits =
    named ??
    own.find((command) => {
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

/** The kernel's own route to a network that the place has an address in. */
function connectedTo({name}: Place, {facts}: Known, target: string): string | undefined {
  for (const {name: device, addresses} of facts.get(name)?.links ?? [])
    for (const {address, prefixLength} of addresses) {
      const network = networkOf(address, prefixLength) ?? ''
      const tail = familyOf(address) === 4 ? `scope link src ${address}` : 'metric 256'
      if (contains(network, target)) return `${network} dev ${device} proto kernel ${tail}`
    }
  return undefined
}
