// A machine's devices as they were, with what comes and goes with them. Pure.
import type {Facts, LinkFacts, NamespaceFacts} from '../../facts/facts.ts'
import type {Place} from '../../model.ts'
import type {Change} from './change.ts'
import {isConnected} from './connected.ts'
import {isFixed} from './neighbours.ts'

export function withLink(name: string, part: Partial<LinkFacts>) {
  return (now: NamespaceFacts): NamespaceFacts => ({
    ...now,
    links: now.links.map((each) => (each.name === name ? {...each, ...part} : each)),
  })
}

export function withMaster({master: _, port: __, ...link}: LinkFacts, {master, port}: LinkFacts): LinkFacts {
  return {...link, ...(master !== undefined && {master}), ...(port && {port})}
}

/**
 * A device's addresses, and the routes that come and go with it and them, as they were. Routes that somebody changed are not.
 *
 * @param is the place with the change
 * @param reverted the same without
 */
export function withBelongings(
  was: NamespaceFacts,
  is: NamespaceFacts,
  reverted: NamespaceFacts,
  {kind, device}: Pick<Change, 'kind' | 'device'>,
): NamespaceFacts {
  const old = was.links.find(({name}) => name === device)
  const links =
    kind === 'link'
      ? reverted.links.map((link) => (old && link.name === device ? {...link, addresses: old.addresses} : link))
      : reverted.links
  const now = {...reverted, links}
  const kept = reverted.routes.filter((route) => route.dev !== device || !isConnected(route, is) || isConnected(route, now))
  const taken = new Set(kept.map(({family, to, table, metric}) => `${family} ${to} ${table} ${metric}`))
  // An address beside the others costs no route.
  const here = is.links.find(({name}) => name === device)
  const lost = old?.addresses.some(
    ({address, prefixLength}) => !here?.addresses.some((own) => own.address === address && own.prefixLength === prefixLength),
  )
  if (kind === 'address' && !lost) return {...now, routes: kept}
  const back = was.routes.filter(({dev, family, to, table, metric}) => dev === device && !taken.has(`${family} ${to} ${table} ${metric}`))
  return {...now, routes: [...kept, ...back]}
}

/** All of a machine's namespaces with the devices that are missing somewhere as they were. */
export function withEnds(before: Facts, now: Facts, places: readonly Place[], name: string): Facts {
  const machine = places.find((each) => each.name === name)?.node ?? name
  const here = [...now.keys()].filter(
    (key) => key.split('/')[0] === machine || places.some((place) => place.name === key && place.node === machine),
  )
  const missing = here.flatMap((key) =>
    (before.get(key)?.links ?? []).filter((old) => !now.get(key)?.links.some((link) => link.name === old.name)),
  )
  const names = new Set(missing.map((link) => link.name))
  const facts = new Map(now)
  for (const key of here) {
    const [was, is] = [before.get(key), facts.get(key)]
    if (!is) {
      if (was) facts.set(key, was)
      continue
    }
    // What is missing elsewhere and was not here has been moved here.
    const kept = is.links.filter((link) => !names.has(link.name) || was?.links.some((old) => old.name === link.name))
    const back = (was?.links ?? []).filter((old) => !is.links.some((link) => link.name === old.name))
    const ports = kept.map((link) => {
      const old = was?.links.find((each) => each.name === link.name)
      const whole = old?.master !== undefined && names.has(old.master) ? withMaster(link, old) : link
      // The other end of what was moved knows it by where it is now.
      if (!old?.peer || link.mac !== old.mac) return whole
      // A port is disabled while its cable has no other end (br_port_carrier_check).
      const port = whole.port?.state === 'disabled' && old.port ? {port: {...whole.port, state: old.port.state}} : {}
      return {...whole, ...port, index: old.index, peer: old.peer, carrier: old.carrier}
    })
    facts.set(key, {
      ...is,
      links: [...ports, ...back],
      routes: back.length > 0 && was ? was.routes : is.routes,
      netnsNames: was?.netnsNames ?? is.netnsNames,
    })
  }
  // What others remember of a device that came back is of the one that went.
  const held = new Set(missing.flatMap(({addresses}) => addresses.map(({address}) => address)))
  for (const [key, here] of facts)
    if (here) facts.set(key, {...here, neighbours: here.neighbours.filter((entry) => isFixed(entry) || !held.has(entry.address))})
  return facts
}
