// podwire doctor: what this machine can, and what it lacks. It tries things rather than reading version numbers: it
// starts a lab of one node and makes there what scenarios make.
import {basename} from 'node:path'
import {type Fleet, MachineError} from '../driver.ts'
import {mayHaveEngine} from '../drivers/docker/sockets.ts'
import {localDriver} from '../drivers/local.ts'
import {readNeighbourTable} from '../facts/neighbour-table.ts'
import {packagesOf} from '../packages.ts'
import {FORMAT} from '../report/format.ts'
import {endpointsFor} from './engines.ts'
import {EXIT} from './exit.ts'
import {hold} from './interrupt.ts'
import {assertSsh, type SshChoices} from './ssh-choices.ts'
import {paint, print, printJson} from './terminal.ts'

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

interface DoctorOptions extends SshChoices {
  readonly json?: boolean
  readonly driver?: string
  readonly engines?: readonly string[]
}

export async function doctor({json, engines, driver = 'auto', ...ssh}: DoctorOptions): Promise<number> {
  assertSsh(driver, ssh)
  if (driver === 'ssh') return (await import('./doctor-machines.ts')).doctorMachines(ssh, json === true)
  if (engines) return tell(await examineEngines(engines), json)
  const local = await examineLocal()
  const docker = await examineDocker()
  const items = [...local.items, ...docker.items, neighbourItem()]
  return tell({ready: local.ready || docker.ready, items}, json)
}

function tell({ready, items}: {ready: boolean; items: readonly Item[]}, json = false): number {
  if (json) printJson({format: FORMAT, kind: 'doctor', ready, items})
  else {
    print(items.map(itemText).join('\n'))
    print(ready ? '\nthis machine can run scenarios' : '\nthis machine cannot run scenarios')
  }
  return ready ? EXIT.asClaimed : EXIT.cannotRun
}

export function itemText({state, what, help}: Item): string {
  const mark = {ok: paint('green', '✓'), missing: paint('red', '✗'), unknown: paint('yellow', '?')}[state]
  return `${mark} ${what}${help === undefined ? '' : `\n    ${paint('dim', help)}`}`
}

async function examineLocal(): Promise<{ready: boolean; items: Item[]}> {
  try {
    await using fleet = await localDriver().start({
      lab: `doctor-${process.pid}`,
      underlay: '192.168.1.0/24',
      nodes: [{name: 'node1', address: '192.168.1.11'}],
    })
    const held = hold(fleet)
    try {
      const started: Item = {id: 'local', state: 'ok', what: `driver local: ${fleet.description}`}
      const tools = await toolItems(fleet)
      const devices = await deviceItems(fleet)
      return {
        ready: [...tools, ...devices.filter((_, index) => DEVICES[index]?.needed)].every(({state}) => state === 'ok'),
        items: [started, ...tools, ...devices],
      }
    } finally {
      held.release()
    }
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    const help = error.help.join('; ')
    return {ready: false, items: [{id: 'local', state: 'missing', what: `driver local: ${error.message}`, ...(help !== '' && {help})}]}
  }
}

/** The commands of group node, looked for where nodes look. */
export async function toolItems(fleet: Fleet, node = 'node1'): Promise<Item[]> {
  return Promise.all(
    packagesOf('node').map(async ({name, command: tool}): Promise<Item> => {
      const {exitCode} = await fleet.run(node, `command -v ${tool}`)
      if (exitCode === 0) return {id: `tool-${basename(tool)}`, state: 'ok', what: tool}
      return {id: `tool-${basename(tool)}`, state: exitCode === null ? 'unknown' : 'missing', what: tool, help: `apt-get install ${name}`}
    }),
  )
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

async function examineDocker(): Promise<{ready: boolean; items: Item[]}> {
  if (!mayHaveEngine())
    return {
      ready: false,
      items: [{id: 'docker', state: 'missing', what: 'driver docker: no Docker engine here', help: 'start one: make engine'}],
    }
  const {dockerReadiness} = await import('../drivers/docker.ts')
  const {ready, reason, engine} = await dockerReadiness({}, false)
  return {
    ready,
    items: [
      {
        id: 'docker',
        state: ready ? 'ok' : 'missing',
        what: `driver docker: ${reason}${engine === undefined ? '' : ` (${engine})`}`,
        ...(!ready && {help: 'make engine, or start your engine'}),
      },
    ],
  }
}

/** Every engine of `--engines`, side by side, and whether they make one swarm. */
async function examineEngines(words: readonly string[]): Promise<{ready: boolean; items: Item[]}> {
  const endpoints = endpointsFor(words)
  const {examineSeveral} = await import('../drivers/docker/examine.ts')
  const looks = await examineSeveral(endpoints)
  const items = looks.map(({id, ok, what, help}): Item => ({id, state: ok ? 'ok' : 'missing', what, ...(help !== undefined && {help})}))
  return {ready: items.every(({state}) => state === 'ok'), items}
}

function neighbourItem(): Item {
  const table = readNeighbourTable()
  if (!table) return {id: 'neighbour-table', state: 'unknown', what: 'neighbour table: its limit cannot be seen from here'}
  const {used, limit} = table
  return {
    id: 'neighbour-table',
    state: 'ok',
    what: `neighbour table: ${used} of ${limit} entries in use, for all namespaces of this machine`,
  }
}
