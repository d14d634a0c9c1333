// What probes leave in the neighbour tables where nobody answered: an entry that is INCOMPLETE holds later packets back for
// up to a second between two requests (arp(7), retrans_time), although whoever was missing is there by then.
import type {Fleet} from '../driver.ts'
import type {Place} from '../model.ts'

/** Removes the entries that were not resolved, in every place, in one command a machine. Never rejects. */
export async function forgetUnresolved(fleet: Fleet, places: readonly Place[]): Promise<void> {
  await Promise.all(
    [...Map.groupBy(places, ({node}) => node)].map(([node, here]) => {
      const lines = here.flatMap(({netns}) =>
        ['incomplete', 'failed'].map((state) => `ip ${netns === undefined ? '' : `-n ${netns} `}neigh flush nud ${state} 2>/dev/null`),
      )
      return fleet.run(node, lines.join('; '), {shell: 'observer'})
    }),
  )
}

/** Removes every entry that the kernel would find again by asking; fixed ones stay. Never rejects. */
export async function forgetNeighbours(fleet: Fleet, places: readonly Place[]): Promise<void> {
  await Promise.all(
    [...Map.groupBy(places, ({node}) => node)].map(([node, here]) => {
      const lines = here.map(({netns}) => `ip ${netns === undefined ? '' : `-n ${netns} `}neigh flush all 2>/dev/null`)
      return fleet.run(node, lines.join('; '), {shell: 'observer'})
    }),
  )
}
