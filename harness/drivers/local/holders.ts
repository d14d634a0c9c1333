// A node's namespaces live as long as any process in them (namespaces(7)): with the process that holds them has to go what podwire
// itself runs there, or the node would seem to be there still.
import {runs} from '../../identity.ts'
import type {Running} from './handle.ts'

/** Milliseconds between two looks at some lines of /proc. */
const BETWEEN = 250

/** @param died is told once of each node whose holder has ended */
export function followHolders(nodes: Running['nodes'], died: (node: string) => void): {end(): void} {
  const living = new Set(nodes)
  const timer = setInterval(() => {
    for (const node of living) {
      if (runs(node)) continue
      living.delete(node)
      died(node.name)
    }
  }, BETWEEN).unref()
  return {end: () => clearInterval(timer)}
}
