// How much the machines of a lab know: the entries of all tables that a packet between pods may be looked up in. The pods' own
// tables are not counted, nor what a machine knows of itself: its own addresses, MACs and groups. IPv4, as everybody uses it.
import type {Fleet} from '../driver.ts'
import type {NamespaceFacts} from '../facts/facts.ts'
import {readFacts} from '../facts/read.ts'
import {type Place, placesOf, type Scenario} from '../model.ts'
import {STATE_KINDS, type State, type StateKind} from './measured.ts'

/** Flows of all bridges (ovs-ofctl(8), dump-aggregate), then entries of all maps that are pinned on the machine (bpftool-map(8)). */
const COUNTING = `
  if [ -S /run/openvswitch/db.sock ]; then
    for bridge in $(ovs-vsctl list-br); do ovs-ofctl -O OpenFlow13 dump-aggregate "$bridge" | grep -o 'flow_count=[0-9]*' || echo '!'; done
  fi
  grep -o ' /[^ ]* bpf ' /proc/mounts | while read -r folder _; do
    for map in "$folder"/*; do bpftool -j map dump pinned "$map" 2>/dev/null | jq -r 'arrays | "map=\\(length)"'; done
  done
`

/** @returns why it is not known, where it is not */
export async function readState(fleet: Fleet, scenario: Scenario): Promise<State | string> {
  const machines = placesOf(scenario).filter(({netns}) => netns === undefined)
  const facts = await readFacts(fleet, machines)
  const counts = await Promise.all(machines.map((machine) => countOn(fleet, machine, facts.get(machine.name))))
  const refused = counts.find((each) => typeof each === 'string')
  if (refused !== undefined) return refused
  const known = counts.filter((each) => typeof each !== 'string')
  const total = (kind: StateKind) => known.reduce((sum, each) => sum + each[kind], 0)
  return Object.fromEntries(STATE_KINDS.map((kind) => [kind, total(kind)])) as Record<StateKind, number>
}

async function countOn(fleet: Fleet, {name}: Place, facts: NamespaceFacts | undefined): Promise<State | string> {
  if (!facts) return `${name} could not be asked`
  const {stdout, exitCode} = await fleet.run(name, COUNTING, {shell: 'observer'})
  const lines = stdout.toString().split('\n')
  if (exitCode === null || lines.includes('!')) return `${name} could not be asked for its flows`
  const sum = (word: string) => lines.reduce((all, line) => all + (line.startsWith(word) ? Number(line.slice(word.length)) : 0), 0)
  return {
    routes: facts.routes.filter(({family}) => family === 4).length,
    neighbours: facts.neighbours.filter(({address, state}) => !address.includes(':') && !GONE.has(state)).length,
    fdb: facts.fdb.filter(({mac, local}) => !local && !isGroup(mac)).length,
    flows: sum('flow_count='),
    maps: sum('map='),
  }
}

/** Nobody is known by these (ip-neighbour(8)). */
const GONE: ReadonlySet<string> = new Set(['FAILED', 'INCOMPLETE', 'NOARP', 'NONE'])

/** The first octet's lowest bit (IEEE 802): whoever listens to a group put it there for itself. */
function isGroup(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
}
