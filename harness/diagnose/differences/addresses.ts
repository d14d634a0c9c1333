// Addresses that are gone, of another length, or not the device's own. Pure.
import {contains, familyOf, networkOf, sameHost} from '../../address.ts'
import type {LinkFacts} from '../../facts/facts.ts'
import {routeLine} from '../../facts/routes.ts'
import type {Cause} from '../../model.ts'
import type {Change, Scene} from './change.ts'
import {isConnected} from './connected.ts'
import {isIpv6Off} from './ipv6.ts'
import {withLink} from './links-as-were.ts'

type Address = LinkFacts['addresses'][number]

/** Addresses that a device has lost, or holds beside its own. */
export function addressChanges(scene: Scene): Change[] {
  const {was, is, place} = scene
  return is.links.flatMap((link): Change[] => {
    const old = was.links.find(({name}) => name === link.name)
    if (!old) return []
    const off = isIpv6Off(was, is, link.name)
    const owned = [...assigned(old), ...linkLocal(old, link)].filter(({address}) => !(off && familyOf(address) === 6))
    const gone = owned.filter((each) => !link.addresses.some((other) => text(other) === text(each)))
    const added = assigned(link).filter((each) => !assigned(old).some((other) => text(other) === text(each)))
    const changes = gone.map((each): Change => {
      const near = added.find(({address}) => address === each.address)
      const other = near ?? added.find(({address}) => each.scope === 'global' && familyOf(address) === familyOf(each.address))
      if (other) added.splice(added.indexOf(other), 1)
      return {
        kind: 'address',
        cause: other ? replacedCause(each, other, old, scene) : 'address-missing',
        object: other ? `${text(other)} dev ${link.name}` : link.name,
        device: link.name,
        ...(other && {address: other.address}),
        evidence: `${link.name} at ${place.name} held ${text(each)}`,
        undo: undoOf(each, other, link, scene),
        revert: (now) =>
          withLink(link.name, {addresses: [each, ...addressesOf(now, link).filter((own) => !other || text(own) !== text(other))]})(now),
      }
    })
    return [
      ...changes,
      ...added.map(
        (each): Change => ({
          kind: 'address',
          cause: addedCause(each, old, scene),
          object: `${text(each)} dev ${link.name}`,
          device: link.name,
          address: each.address,
          evidence: `${link.name} at ${place.name} did not hold ${text(each)}`,
          undo: [`ip ${scene.inside}addr del ${text(each)} dev ${link.name}`],
          revert: (now) => withLink(link.name, {addresses: addressesOf(now, link).filter((own) => text(own) !== text(each))})(now),
        }),
      ),
    ]
  })
}

function assigned({addresses}: LinkFacts): Address[] {
  return addresses.filter(({scope, address}) => scope !== 'link' && !address.startsWith('127.') && address !== '::1')
}

/** The kernel's own, while the device keeps the MAC that they are made of; without one they are made up anew with the device. */
function linkLocal(old: LinkFacts, {mac, up, index, addresses}: LinkFacts): Address[] {
  const isOwn = ({address}: Address) => address.startsWith('fe80:')
  const madeAnew = index !== old.index && addresses.some(isOwn)
  return old.mac === mac && old.up && up && !madeAnew ? old.addresses.filter(isOwn) : []
}

function addressesOf({links}: {readonly links: readonly LinkFacts[]}, {name}: LinkFacts): readonly Address[] {
  return links.find((each) => each.name === name)?.addresses ?? []
}

function text({address, prefixLength}: Address): string {
  return `${address}/${prefixLength}`
}

function replacedCause(gone: Address, now: Address, old: LinkFacts, scene: Scene): Cause {
  if (now.address === gone.address) return 'wrong-prefix-length'
  if (scene.heldElsewhere(now.address) && !isGatewayOf(old)) return 'duplicate-address'
  if (takesOthers(now, old, scene)) return 'overlapping-subnets'
  return networkOf(now.address, now.prefixLength) === networkOf(gone.address, gone.prefixLength)
    ? 'address-missing'
    : 'address-outside-subnet'
}

function addedCause(now: Address, old: LinkFacts, scene: Scene): Cause {
  if (old.addresses.some(({address}) => sameHost(address, now.address))) return 'wrong-prefix-length'
  if (takesOthers(now, old, scene)) return 'overlapping-subnets'
  return scene.heldElsewhere(now.address) || now.prefixLength >= 32 ? 'duplicate-address' : 'address-outside-subnet'
}

/** A bridge is the gateway of the pods of one node: with an address of another subnet it takes that subnet to be its own. */
function isGatewayOf({kind}: LinkFacts): boolean {
  return kind === 'bridge'
}

function takesOthers({address, prefixLength}: Address, link: LinkFacts, {place, places}: Scene): boolean {
  const network = networkOf(address, prefixLength) ?? ''
  const others = places.filter(({node, kind}) => node !== place.node && kind === 'pod')
  const alone = prefixLength >= (familyOf(address) === 4 ? 32 : 128)
  return isGatewayOf(link) && !alone && others.some(({addresses}) => addresses.some((each) => contains(network, each)))
}

/**
 * The right one first: with its last address a device loses its routes. But a second address of the same network goes with
 * the first one (promote_secondaries), so there the right one comes last, and the routes after it. IPv6 takes no address twice.
 */
function undoOf(right: Address, wrong: Address | undefined, link: LinkFacts, {was, inside}: Scene): string[] {
  const six = familyOf(right.address) === 6
  // An address that is still tried out is not used (RFC 4862): it was in use.
  const add = `ip ${inside}addr add ${text(right)} dev ${link.name}${six ? ' nodad' : ''}`
  if (!wrong) return [add]
  const remove = `ip ${inside}addr del ${text(wrong)} dev ${link.name}`
  const sameNetwork =
    wrong.prefixLength === right.prefixLength && contains(networkOf(wrong.address, wrong.prefixLength) ?? '', right.address)
  const second = six ? sameHost(wrong.address, right.address) : sameNetwork
  if (!second) return [add, remove]
  const left = assigned(link).filter((each) => familyOf(each.address) === 4 && text(each) !== text(wrong))
  const routes =
    left.length > 0 ? [] : was.routes.filter((route) => route.dev === link.name && route.family === 4 && !isConnected(route, was))
  return [remove, add, ...routes.map((route) => `ip ${inside}route replace ${routeLine(route)}`)]
}
