// What machines are like, read by podwire's own facts and not by what undoes its changes: the one is held against the other.
import type {NamespaceFacts} from '../../harness/facts/facts.ts'
import {readFacts} from '../../harness/facts/read.ts'
import {eventually} from './eventually.ts'
import type {SshMachines} from './ssh-machines.ts'

/**
 * Facts of the machines that do not change by themselves, as plain data.
 * @param expected waits for these, as long as a dead man's switch may take
 */
export async function factsOf({fleet}: SshMachines, names: readonly string[], expected?: unknown): Promise<unknown> {
  const places = names.map((name) => ({name, kind: 'node' as const, node: name, netns: undefined, address: '', addresses: []}))
  const read = async () => [...(await readFacts(fleet, places))].map(([place, facts]) => [place, facts && plain(facts)] as const).sort()
  if (expected === undefined) return read()
  return eventually(read, (found) => JSON.stringify(found) === JSON.stringify(expected), 60_000)
}

function plain({links, routes, rules, neighbours, ruleset, legacyTables, sysctls, forwarding, netnsNames}: NamespaceFacts): object {
  return {
    links: links.map(({name, kind, up, mtu, mac, master, addresses}) => ({name, kind, up, mtu, mac, master, addresses})),
    routes: routes
      .filter(({table}) => table !== 'local')
      .map((route) => JSON.stringify(route))
      .sort(),
    rules,
    neighbours: neighbours.filter(({state}) => state === 'PERMANENT'),
    // Handles count what was ever made.
    ruleset: JSON.stringify(ruleset, (key, value: unknown) =>
      key === 'handle' || key === 'packets' || key === 'bytes' ? undefined : value,
    ),
    legacyTables,
    sysctls: [...sysctls].filter(([key]) => !key.endsWith('nf_conntrack_count')).sort(),
    forwarding,
    netnsNames: [...netnsNames.values()],
  }
}
