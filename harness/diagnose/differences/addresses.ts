// Addresses that are gone, of another length, or not the device's own. Pure.
import {familyOf, networkOf} from '../../address.ts'
import type {LinkFacts} from '../../facts/facts.ts'
import type {Change, Scene} from './change.ts'
import {withLink} from './links-as-were.ts'
import {addressLines, isKernels} from './restoring.ts'

/** Addresses that a device has lost, or holds beside its own. */
export function addressChanges({was, is, inside, place, places}: Scene): Change[] {
  return is.links.flatMap((link): Change[] => {
    const old = was.links.find(({name}) => name === link.name)
    if (!old) return []
    const global = (of: LinkFacts) => of.addresses.filter(({address}) => !isKernels(address, of.mac) && !/^fe80::.*ff:fe/.test(address))
    const text = ({address, prefixLength}: {address: string; prefixLength: number}) => `${address}/${prefixLength}`
    const gone = global(old).filter((each) => !global(link).some((other) => text(other) === text(each)))
    const added = global(link).filter((each) => !global(old).some((other) => text(other) === text(each)))
    const set = (addresses: LinkFacts['addresses']) => withLink(link.name, {addresses})
    const changes = gone.map((each): Change => {
      const same = added.find(({address}) => address === each.address)
      const other = added.find(({address}) => familyOf(address) === familyOf(each.address))
      const stranger = other && networkOf(other.address, other.prefixLength) !== networkOf(each.address, each.prefixLength)
      const cause = same ? 'wrong-prefix-length' : stranger ? 'address-outside-subnet' : 'address-missing'
      const remove =
        (same ?? other) && `ip ${inside}addr del ${text((same ?? other) as {address: string; prefixLength: number})} dev ${link.name}`
      return {
        kind: 'address',
        cause,
        object: same ? `${text(same)} dev ${link.name}` : other ? `${text(other)} dev ${link.name}` : link.name,
        device: link.name,
        evidence: `${link.name} at ${place.name} held ${text(each)}`,
        // The right one first: with its last address a device loses its routes.
        undo: [...addressLines(place.netns, link.name, [each]), ...(remove === undefined ? [] : [remove])],
        revert: set(old.addresses),
      }
    })
    const taken = changes.length > 0
    const extra = taken ? [] : added
    return [
      ...changes,
      ...extra.map((each): Change => {
        const network = networkOf(each.address, each.prefixLength) ?? ''
        const overlapping =
          old.kind === 'bridge' &&
          each.prefixLength < 32 &&
          places.some(
            (other) =>
              other.node !== place.node &&
              other.kind === 'pod' &&
              other.addresses.some((address) => networkOf(address, each.prefixLength) === network),
          )
        return {
          kind: 'address',
          cause: overlapping ? 'overlapping-subnets' : 'duplicate-address',
          object: `${text(each)} dev ${link.name}`,
          device: link.name,
          evidence: `${link.name} at ${place.name} did not hold ${text(each)}`,
          undo: [`ip ${inside}addr del ${text(each)} dev ${link.name}`],
          revert: set(old.addresses),
        }
      }),
    ]
  })
}
