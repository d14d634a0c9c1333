// What podwire doctor looks at on a node: the commands that scenarios use, and the devices that they make.
import {basename} from 'node:path'
import type {Fleet} from '../driver.ts'
import {present} from '../needs.ts'
import {gettingWords, isGoModule, packagesOf} from '../packages.ts'

export interface Item {
  readonly id: string
  readonly state: 'ok' | 'missing' | 'unknown'
  readonly what: string
  readonly help?: string
}

/** What the named scenarios make beyond a bridge and veth pairs; a machine can do without for the main job. */
export const DEVICES: readonly {id: string; line: string; needed: boolean}[] = [
  {id: 'bridge', line: 'ip link add d0 type bridge', needed: true},
  {id: 'veth', line: 'ip link add d1 type veth peer name d2', needed: true},
  {id: 'vxlan', line: 'ip link add d3 type vxlan id 1 dstport 4789 dev eth0', needed: false},
  {id: 'tun', line: 'ip tuntap add d4 mode tun', needed: false},
  {id: 'geneve', line: 'ip link add d5 type geneve id 1 remote 192.168.1.1', needed: false},
  {id: 'ipip', line: 'ip link add d6 type ipip remote 192.168.1.1 local 192.168.1.11', needed: false},
  {id: 'vrf', line: 'ip link add d7 type vrf table 10', needed: false},
  {id: 'dummy', line: 'ip link add d8 type dummy', needed: false},
]

/** The commands of a group, looked for where nodes look. Those of `solutions` some scenarios name as their needs. */
export async function toolItems(fleet: Fleet, node = 'node1', group: 'node' | 'solutions' = 'node'): Promise<Item[]> {
  return Promise.all(
    packagesOf(group).map(async ({name, command: tool}): Promise<Item> => {
      const {exitCode} = await fleet.run(node, present(tool))
      // A header's name has dots and underscores.
      const id = `tool-${basename(tool)
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')}`
      if (exitCode === 0) return {id, state: 'ok', what: tool}
      return {id, state: exitCode === null ? 'unknown' : 'missing', what: tool, help: helpFor(name, group)}
    }),
  )
}

function helpFor(name: string, group: string): string {
  if (group === 'node') return `apt-get install ${name}`
  return `only some scenarios need it: ${isGoModule(name) ? '' : 'make setup-solutions, or '}${gettingWords([name])}`
}

export async function deviceItems(fleet: Fleet, node = 'node1'): Promise<Item[]> {
  const items: Item[] = []
  for (const {id, line, needed} of DEVICES) {
    const {exitCode, stderr} = await fleet.run(node, line)
    const state = exitCode === 0 ? 'ok' : exitCode === null ? 'unknown' : 'missing'
    const help =
      state === 'ok'
        ? {}
        : {help: `${needed ? 'every scenario needs it' : 'only some scenarios need it'}: ${stderr.toString().trim() || line}`}
    items.push({id: `device-${id}`, state, what: `${id} devices`, ...help})
  }
  return items
}
