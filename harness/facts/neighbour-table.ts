// The kernel's neighbour table is one for all namespaces (neighbour(7) is per device, its limit is not): a lab that is
// too large for it makes pings fail at random in every lab on the machine. So it is asked before a lab starts.
import {readFileSync} from 'node:fs'
import {MachineError} from '../driver.ts'
import type {Scenario} from '../model.ts'

const LIMIT = '/proc/sys/net/ipv4/neigh/default/gc_thresh3'
const STATISTICS = '/proc/net/stat/arp_cache'

export interface NeighbourTable {
  readonly used: number
  readonly limit: number
}

/** Undefined where podwire itself runs in a namespace that does not show the limit: then nothing can be said. */
export function readNeighbourTable(): NeighbourTable | undefined {
  try {
    const limit = Number(readFileSync(LIMIT, 'latin1'))
    // A header line, then a line a processor; the first column is the table's size, in hexadecimal, the same in each.
    const used = Number.parseInt(readFileSync(STATISTICS, 'latin1').split('\n')[1]?.split(/\s+/)[0] ?? '', 16)
    return Number.isNaN(used) || Number.isNaN(limit) ? undefined : {used, limit}
  } catch {
    return undefined
  }
}

/** An entry each way between all that share a segment: the nodes on the underlay, a node's pods and bridge on the node. */
export function neighboursNeeded({nodes, pods}: Pick<Scenario, 'nodes' | 'pods'>): number {
  const segments = [nodes.length, ...nodes.map(({name}) => pods.filter(({node}) => node === name).length + 1)]
  return segments.reduce((sum, members) => sum + members * (members - 1), 0)
}

/** @throws MachineError when the lab would overflow the table */
export function assertNeighboursFit(scenario: Pick<Scenario, 'nodes' | 'pods'>, table = readNeighbourTable()): void {
  if (!table) return
  const needed = neighboursNeeded(scenario)
  if (table.used + needed <= table.limit) return
  throw new MachineError(
    'neighbour-table',
    `this lab needs up to ${needed} neighbour entries, and the kernel's table has ${table.used} of ${table.limit} in use`,
    [
      `use fewer pods on a segment, end other labs, or raise the limit: sysctl -w net.ipv4.neigh.default.gc_thresh3=${2 ** Math.ceil(Math.log2((table.used + needed) * 2))}`,
    ],
  )
}
