// podwire doctor --driver ssh: every machine of an inventory, side by side. It tries things there: a lab of one node on each,
// then one of all, whose underlay must join them.
import Table from 'cli-table3'
import {type Driver, MachineError} from '../driver.ts'
import {namesIn} from '../drivers/ssh/inventory.ts'
import {sshDriver} from '../drivers/ssh.ts'
import {packagesOf} from '../packages.ts'
import {FORMAT} from '../report/format.ts'
import {DEVICES, deviceItems, type Item, toolItems} from './doctor-items.ts'
import {EXIT, UsageError} from './exit.ts'
import {hold} from './interrupt.ts'
import {inWords, machinesOf, sshOptions} from './ssh.ts'
import type {SshChoices} from './ssh-choices.ts'
import {paint, print, printJson} from './terminal.ts'

/** What there is to say of one machine, or, without one, of all together. */
type MachineItem = Item & {readonly machine?: string}

const MARKS = {ok: paint('green', '✓'), missing: paint('red', '✗'), unknown: paint('yellow', '?')}

export async function doctorMachines(choices: SshChoices, json: boolean): Promise<number> {
  const names = inWords(() => namesIn(machinesOf(choices)))
  if (names.length === 0) throw new UsageError('which machines?', ['--inventory machines.yaml, or --node node1=root@192.0.2.11'])
  const driver = sshDriver(sshOptions({...choices, bare: false}))
  const each = await Promise.all(names.map((name, index) => examine(driver, name, index)))
  const reached = names.filter((_, index) => each[index]?.[0]?.state === 'ok')
  const together = reached.length > 1 ? [await examineUnderlay(driver, reached)] : []
  const items: MachineItem[] = [
    ...each.flatMap((found, index) => found.map((item) => ({...item, machine: names[index] ?? ''}))),
    ...together,
  ]
  const ready = items.every(({state, id}) => state === 'ok' || isOptional(id))
  if (json) printJson({format: FORMAT, kind: 'doctor', ready, items})
  else
    print(
      [
        tableText(names, each),
        ...wordsOf(items),
        '',
        ready ? 'these machines can run scenarios' : 'these machines cannot run scenarios',
      ].join('\n'),
    )
  return ready ? EXIT.asClaimed : EXIT.cannotRun
}

/** Scenarios' own steps miss other commands, and other devices, themselves. */
function isOptional(id: string): boolean {
  return DEVICES.some((device) => id === `device-${device.id}` && !device.needed)
}

/** The connection and root first: without these there is nothing else to see. */
async function examine(driver: Driver, name: string, index: number): Promise<Item[]> {
  try {
    await using fleet = await driver.start({
      lab: `doctor-${process.pid}`,
      underlay: '192.168.1.0/24',
      nodes: [{name, address: `192.168.1.${11 + (index % 200)}`}],
    })
    const held = hold(fleet)
    try {
      const reached: Item = {id: 'machine', state: 'ok', what: 'it lets podwire in, and be root there'}
      return [reached, ...(await toolItems(fleet, name)), ...(await deviceItems(fleet, name))]
    } finally {
      held.release()
    }
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    const lacks = error.code === 'missing-tool' ? packagesIn(error.message) : ''
    const help = lacks === '' ? error.help.join('; ') : `there: apt-get install ${lacks}`
    return [{id: 'machine', state: 'missing', what: error.message, ...(help !== '' && {help})}]
  }
}

/** The packages of the commands that a message names. */
function packagesIn(message: string): string {
  const words = message.split(/[\s,]+/)
  return packagesOf('node')
    .filter(({command}) => words.includes(command))
    .map(({name}) => name)
    .join(' ')
}

/** Whether the machines let VXLAN pass among them. */
async function examineUnderlay(driver: Driver, names: readonly string[]): Promise<MachineItem> {
  const nodes = names.map((name, index) => ({name, address: `192.168.1.${11 + (index % 200)}`}))
  try {
    await using fleet = await driver.start({lab: `doctor-${process.pid}`, underlay: '192.168.1.0/24', nodes})
    return {id: 'underlay', state: 'ok', what: `they reach one another: ${fleet.description}`}
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    const help = error.help.join('; ')
    return {id: 'underlay', state: 'missing', what: error.message, ...(help !== '' && {help})}
  }
}

/** A row for everything that was looked at, a column for each machine. */
function tableText(names: readonly string[], each: readonly (readonly Item[])[]): string {
  const table = new Table({
    head: ['', ...names],
    style: {head: [], border: [], compact: true},
    colAligns: ['left', ...names.map(() => 'center' as const)],
  })
  for (const id of new Set(each.flatMap((items) => items.map((item) => item.id)))) {
    const cells = each.map((items) => items.find((item) => item.id === id)?.state)
    table.push([id.replace(/^(?:tool|device)-/, ''), ...cells.map((state) => (state === undefined ? ' ' : MARKS[state]))])
  }
  return table.toString()
}

/** What is the same on several machines is said once. */
function wordsOf(items: readonly MachineItem[]): string[] {
  const told = items.filter(({state, machine}) => state !== 'ok' || machine === undefined)
  return [...Map.groupBy(told, ({state, what, help}) => `${state}\n${what}\n${help}`).values()].flatMap((same) => {
    const [first] = same
    if (!first) return []
    const machines = same.flatMap(({machine}) => machine ?? []).join(', ')
    const head = `${MARKS[first.state]} ${machines === '' || first.what.startsWith(`${machines}:`) ? '' : `${machines}: `}${first.what}`
    return first.help === undefined ? [head] : [head, `    ${paint('dim', first.help)}`]
  })
}
