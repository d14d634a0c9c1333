// The ssh driver: real machines, reached by SSH. By default a node is namespaces of its own on its machine, on an underlay
// among the machines (VXLAN, or macvlan where it is asked for); with `bare` it is the machine itself. What holds a node is a
// process on its machine whose time limit podwire renews: when podwire or the line goes, the machine undoes it all by itself.
import {randomInt} from 'node:crypto'
import {type Driver, type Fleet, type FleetSpec, MachineError, NODE_SYSCTLS} from '../driver.ts'
import {cutsOff} from './ssh/cutoff.ts'
import {type FleetEnds, type HeldNode, sshFleet} from './ssh/fleet.ts'
import {type Kept, type Target, whereIs} from './ssh/handle.ts'
import {type AskPassphrase, type KeyRing, keyRing} from './ssh/keys.ts'
import {type Machine, openMachine, SWITCH_LIMIT, words} from './ssh/machine.ts'
import {type Attachment, assertUnderlay, type Surveyed, survey, underlayFor} from './ssh/underlay.ts'

export interface SshDriverOptions {
  /** From a node's name to its machine. @throws MachineError or an error of its own where nothing says */
  readonly targets: (nodes: readonly string[]) => readonly Target[]
  readonly ask?: AskPassphrase
  /** Told what was undone on each machine when a lab is removed. */
  readonly restored?: (restored: Restored) => void
  /** The recipe runs on the machines themselves. */
  readonly bare?: boolean
  /** Lines that would cut podwire's own connection run all the same. */
  readonly allowCutoff?: boolean
  readonly attachment?: Attachment
}

/** What became of a machine when its lab went. */
export interface Restored {
  readonly node: string
  /** root@192.0.2.11 */
  readonly machine: string
  /** The commands that brought it back, in order; none where the kernel removed it all. */
  readonly undone: readonly string[]
  /** What is not as it was before the first line: section, gone or new, and the fact. */
  readonly left: readonly string[]
}

const nobody: AskPassphrase = async () => undefined

export function sshDriver(options: SshDriverOptions): Driver {
  const ring = keyRing(options.ask ?? nobody)
  return {
    name: 'ssh',
    start: (spec) => start(spec, options, ring),

    async find(handle) {
      const kept = handle as unknown as Kept
      const found = await Promise.allSettled(kept.nodes.map((node) => attach(node, ring)))
      const machines = found.map((each) => (each.status === 'fulfilled' ? each.value : undefined))
      if (machines.every((machine) => machine === undefined)) return undefined
      const nodes = kept.nodes.flatMap(({name, pid, folder}, index): [string, HeldNode][] => {
        const machine = machines[index]
        // Without the folder what a command leaves running stays: the lab is not ours to end.
        return machine ? [[name, {machine, pid, folder: kept.bare ? '' : folder}]] : []
      })
      return sshFleet(new Map(nodes), {
        description: kept.description,
        keep: async (remember) => {
          remember?.(handle)
          return handle
        },
        outlived: () => true,
        ...guard(kept),
        dispose: async () => {
          for (const machine of machines) machine?.close()
        },
      })
    },

    async remove(handle) {
      const {nodes} = handle as unknown as Kept
      tell(await Promise.allSettled(nodes.map((node) => endThere(node, ring))), options)
    },
  }
}

function guard({
  bare,
  allowCutoff,
}: {
  readonly bare?: boolean | undefined
  readonly allowCutoff?: boolean | undefined
}): Pick<FleetEnds, 'refuses'> {
  return bare && !allowCutoff ? {refuses: cutsOff} : {}
}

async function start(spec: FleetSpec, options: SshDriverOptions, ring: KeyRing): Promise<Fleet> {
  const {bare = false, attachment = 'vxlan'} = options
  const targets = options.targets(spec.nodes.map(({name}) => name))
  const machines = await openAll(spec, targets, ring)
  const held = new Map<string, HeldNode>()
  /** As the scenario has them: which one was up first is chance. */
  const inOrder = () => [...held].sort(([a], [b]) => place(a) - place(b))
  const place = (node: string) => spec.nodes.findIndex(({name}) => name === node)
  const endAll = async () => {
    const ended = await Promise.allSettled(inOrder().map(([name, node]) => end(node, name)))
    for (const machine of machines) machine.close()
    tell(ended, options)
  }
  try {
    const surveyed = await survey(spec, machines, bare)
    const underlay = underlayFor(spec, surveyed, attachment, bare, randomInt(1, 2 ** 24))
    const started = await Promise.allSettled(
      surveyed.map(async ({machine, address}) => {
        const {node} = machine
        const answer = await machine.control('start', startLines(spec, node, address, underlay.lines(node), bare))
        const told = new Map(answer.split('\n').map((line) => line.split('\t') as [string, string]))
        const folder = told.get('folder') ?? ''
        machine.beat(folder)
        held.set(node, {machine, pid: Number(told.get('pid')), folder})
      }),
    )
    for (const [index, each] of started.entries()) if (each.status === 'rejected') throw notStarted(surveyed[index], each.reason)
    let kept = false
    const fleet = sshFleet(held, {
      description: underlay.description,
      ...guard(options),
      outlived: () => kept,
      async keep(remember) {
        const nodes = inOrder().map(([name, {machine, pid, folder}]) => ({name, target: machine.target, folder, pid}))
        const handle = {nodes, bare, allowCutoff: options.allowCutoff ?? false, description: underlay.description} satisfies Kept
        remember?.(handle)
        kept = true
        await Promise.all(machines.map((machine) => machine.control('keep')))
        if (bare) for (const {machine, ...inside} of held.values()) (await machine.commands(inside)).leave()
        return handle
      },
      async dispose() {
        if (kept) for (const machine of machines) machine.close()
        else await endAll()
      },
    })
    await assertUnderlay(fleet, spec, surveyed, underlay)
    return fleet
  } catch (error) {
    await endAll().catch(() => undefined) // the machines do it by themselves then
    const lost = machines.find((machine) => machine.lost !== undefined)?.lost
    if (error instanceof MachineError || lost === undefined) throw error
    throw new MachineError('ssh-lost', `${lost} (${words(error)})`, [`its machine undoes the lab by itself within ${SWITCH_LIMIT} seconds`])
  }
}

/** All connections at once; of several that fail each is told, with what helps with the first. */
async function openAll(spec: FleetSpec, targets: readonly Target[], ring: KeyRing): Promise<Machine[]> {
  const opened = await Promise.allSettled(spec.nodes.map(({name}, index) => openMachine(name, targets[index] as Target, ring)))
  const failed = opened.flatMap((each, index) =>
    each.status === 'rejected' ? [{node: spec.nodes[index]?.name, reason: each.reason as unknown}] : [],
  )
  const machines = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const [first, ...others] = failed
  if (!first) return machines
  for (const machine of machines) machine.close()
  if (!(first.reason instanceof MachineError)) throw first.reason
  const more = others.map(({node, reason}) => `${node}: ${words(reason)}`)
  throw new MachineError(first.reason.code, [`${first.node}: ${first.reason.message}`, ...more].join('\n'), first.reason.help)
}

/** What holder.pl reads: KEY, a tab, VALUE. */
function startLines(spec: FleetSpec, node: string, address: string, underlay: readonly string[], bare: boolean): string {
  const sysctls = bare ? [] : Object.entries(NODE_SYSCTLS).map(([key, value]) => `sysctl\t${key.replaceAll('.', '/')} ${value}`)
  return [
    `lab\t${spec.lab}`,
    `node\t${node}`,
    `address\t${address}`,
    `length\t${spec.underlay.split('/')[1] ?? '24'}`,
    `limit\t${SWITCH_LIMIT}`,
    ...(bare ? ['bare\t1'] : []),
    ...underlay,
    ...sysctls,
  ].join('\n')
}

function notStarted(surveyed: Surveyed | undefined, reason: unknown): unknown {
  if (reason instanceof MachineError || !surveyed) return reason
  const {node, target} = surveyed.machine
  return new MachineError('node-start', `${node} does not start on ${whereIs(target)}: ${words(reason)}`, [
    'podwire doctor --driver ssh, with the same inventory, says what the machine lacks',
  ])
}

/** Tells of the machines in their order. @throws whatever kept one from being ended */
function tell(ended: readonly PromiseSettledResult<Restored>[], {restored}: SshDriverOptions): void {
  for (const each of ended) if (each.status === 'fulfilled') restored?.(each.value)
  const failed = ended.find((each) => each.status === 'rejected')
  if (failed) throw failed.reason
}

/** Ends a node that this podwire holds. @throws MachineError when the machine is not as it was, or nobody can tell */
async function end({machine, ...inside}: HeldNode, node: string): Promise<Restored> {
  let report: string
  try {
    if (inside.pid === 0) {
      // What runs on the machine itself ends before its changes are undone.
      const commands = await machine.commands(inside)
      commands.end()
      await commands.closed
    }
    report = await machine.control('end')
  } catch (error) {
    const gone = error instanceof MachineError && error.code === 'node-gone'
    if (gone || words(error) === 'its holder is gone') return {node, machine: whereIs(machine.target), undone: [], left: []}
    throw new MachineError('not-removed', `${node} cannot be asked to undo the lab: ${words(error)}`, [
      `its machine does it by itself within ${SWITCH_LIMIT} seconds`,
    ])
  }
  const lines = report.split('\n').map((line) => line.split('\t') as [string, string])
  const of = (kind: string) => lines.filter(([word]) => word === kind).map(([, what]) => what)
  return {node, machine: whereIs(machine.target), undone: of('undone'), left: of('left')}
}

async function attach({name, target, folder}: Kept['nodes'][number], ring: KeyRing): Promise<Machine> {
  const machine = await openMachine(name, target, ring)
  try {
    await machine.control('attach', folder)
    return machine
  } catch (error) {
    machine.close()
    throw error
  }
}

/** Ends a node that a record names. One that is gone is no error. */
async function endThere({name, target, folder, pid}: Kept['nodes'][number], ring: KeyRing): Promise<Restored> {
  const machine = await openMachine(name, target, ring)
  try {
    await machine.control('attach', folder).catch((error: unknown) => {
      if (words(error) !== 'its holder is gone') throw error
    })
    return await end({machine, pid, folder}, name)
  } finally {
    machine.close()
  }
}
