// podwire doctor: what this machine can, and what it lacks. It tries things rather than reading version numbers: it
// starts a lab of one node and makes there what scenarios make.
import {MachineError} from '../driver.ts'
import {mayHaveEngine} from '../drivers/docker/sockets.ts'
import {localDriver} from '../drivers/local.ts'
import {readNeighbourTable} from '../facts/neighbour-table.ts'
import {FORMAT} from '../report/format.ts'
import {DEVICES, deviceItems, type Item, toolItems} from './doctor-items.ts'
import {endpointsFor} from './engines.ts'
import {EXIT} from './exit.ts'
import {hold} from './interrupt.ts'
import {assertSsh, type SshChoices} from './ssh-choices.ts'
import {paint, print, printJson} from './terminal.ts'

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

function itemText({state, what, help}: Item): string {
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
      const others = await toolItems(fleet, 'node1', 'solutions')
      return {
        ready: [...tools, ...devices.filter((_, index) => DEVICES[index]?.needed)].every(({state}) => state === 'ok'),
        items: [started, ...tools, ...devices, ...others],
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
