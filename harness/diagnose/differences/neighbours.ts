// Neighbour entries that somebody fixed. Pure.
import type {NeighbourFacts} from '../../facts/facts.ts'
import type {Change, Scene} from './change.ts'

/** An entry that the kernel neither asks for again nor forgets. */
export function isFixed({state}: NeighbourFacts): boolean {
  return state === 'PERMANENT' || state === 'NOARP'
}

/** Entries that were fixed since. */
export function neighbourChanges({was, is, inside}: Scene): Change[] {
  return is.neighbours
    .filter(
      (entry) =>
        isFixed(entry) &&
        // A device that asks nobody has entries for all whom it sends to.
        !(entry.state === 'NOARP' && is.links.some(({name, arp}) => name === entry.dev && !arp)) &&
        !was.neighbours.some((old) => isFixed(old) && old.address === entry.address && old.dev === entry.dev && old.mac === entry.mac),
    )
    .map((entry) => ({
      kind: 'neighbour',
      cause: 'neighbour-wrong',
      object: `${entry.address} dev ${entry.dev}${entry.mac === undefined ? '' : ` lladdr ${entry.mac}`}`,
      device: entry.dev,
      evidence: `there was no fixed entry for ${entry.address}`,
      undo: [`ip ${inside}neigh del ${entry.address} dev ${entry.dev}`],
      revert: (now) => ({...now, neighbours: now.neighbours.filter(({address, dev}) => address !== entry.address || dev !== entry.dev)}),
    }))
}
