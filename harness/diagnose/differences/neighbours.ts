// Neighbour entries that somebody fixed, and those that somebody had fixed and that are gone. Pure.
import type {NeighbourFacts} from '../../facts/facts.ts'
import type {Change, Scene} from './change.ts'

/** An entry that the kernel neither asks for again nor forgets. */
export function isFixed({state}: NeighbourFacts): boolean {
  return state === 'PERMANENT' || state === 'NOARP'
}

export function neighbourChanges(scene: Scene): Change[] {
  return [...fixedSince(scene), ...goneSince(scene)]
}

/** Entries that were fixed since. One that was there with another MAC address comes back with that. */
function fixedSince({was, is, inside}: Scene): Change[] {
  return is.neighbours
    .filter(
      (entry) =>
        isFixed(entry) &&
        // A device that asks nobody has entries for all whom it sends to.
        !(entry.state === 'NOARP' && is.links.some(({name, arp}) => name === entry.dev && !arp)) &&
        !was.neighbours.some((old) => isFixed(old) && isFor(old, entry) && old.mac === entry.mac),
    )
    .map((entry) => {
      const old = was.neighbours.find((each) => each.state === 'PERMANENT' && isFor(each, entry))
      return {
        kind: 'neighbour',
        cause: 'neighbour-wrong',
        object: `${entry.address} dev ${entry.dev}${entry.mac === undefined ? '' : ` lladdr ${entry.mac}`}`,
        device: entry.dev,
        evidence: old ? `the fixed entry for ${entry.address} was ${old.mac}` : `there was no fixed entry for ${entry.address}`,
        undo: [old ? fixing(old, inside) : `ip ${inside}neigh del ${entry.address} dev ${entry.dev}`],
        revert: (now) => ({...now, neighbours: [...now.neighbours.filter((each) => !isFor(each, entry)), ...(old ? [old] : [])]}),
      }
    })
}

/** Entries that were fixed by hand and are not there, or are to be asked for now. */
function goneSince({was, is, inside}: Scene): Change[] {
  return was.neighbours
    .filter((old) => old.state === 'PERMANENT' && old.mac !== undefined && is.links.some(({name}) => name === old.dev))
    .filter((old) => !is.neighbours.some((now) => isFixed(now) && isFor(now, old)))
    .map((old) => ({
      kind: 'neighbour',
      cause: was.links.some(({name, kind}) => name === old.dev && kind === 'vxlan') ? 'vtep-neighbour-missing' : 'neighbour-unresolved',
      object: `${old.address} dev ${old.dev}`,
      device: old.dev,
      lost: true,
      evidence: `there was a fixed entry for ${old.address}: ${old.mac}`,
      undo: [fixing(old, inside)],
      revert: (now) => ({...now, neighbours: [...now.neighbours.filter((each) => !isFor(each, old)), old]}),
    }))
}

function isFor(a: NeighbourFacts, b: NeighbourFacts): boolean {
  return a.address === b.address && a.dev === b.dev
}

function fixing({address, dev, mac}: NeighbourFacts, inside: string): string {
  return `ip ${inside}neigh replace ${address} lladdr ${mac} dev ${dev} nud permanent`
}
