// Probes many pairs of places at once: starts agent.pl on every machine, lets all of them begin together, and collects
// what each sender used and each receiver saw. Nothing of it stays on the machines.
import {randomBytes, randomInt} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {familyOf} from '../address.ts'
import {type Fleet, MachineError} from '../driver.ts'
import {PACKET_SIZES, type PacketSize, type Pair, type Place, PROTOCOLS, type Probe, type Protocol} from '../model.ts'
import {type Conversation, converse} from './conversation.ts'
import {readProbes} from './read.ts'
import {fieldsOf, PROBE_PORT, type Row} from './rows.ts'

const AGENT = new URL('agent.pl', import.meta.url)

export interface ProbeOptions {
  /** The size of a full packet, in bytes: the MTU of the path that is claimed. */
  readonly mtu: number
  /** Milliseconds that an unanswered exchange is waited for, in which the agent had nothing to do. What the kernel refuses is not waited for. */
  readonly patience?: number
  readonly sizes?: readonly PacketSize[]
  readonly protocols?: readonly Protocol[]
  readonly watched?: Watch
  /** Is told, again and again, how many of all exchanges are over. */
  readonly follow?: ((done: number, total: number) => void) | undefined
}

/** Somebody looks at the packets of this run alone. */
export interface Watch {
  /** 12 hexadecimal digits with which every ICMP and UDP message of the run begins. */
  readonly nonce: string
  /** What the processes that send are called: at most 15 characters (TASK_COMM_LEN, linux/sched.h). */
  readonly name: string
  /** Nothing is sent before. */
  readonly ready: Promise<unknown>
}

/** Every ordered pair of different places, once for each address of `to` whose family `from` has an address of too. */
export function allPairs(places: readonly Place[]): Pair[] {
  return places.flatMap((from) => {
    const families = new Set(from.addresses.map(familyOf))
    return places
      .filter((to) => to.name !== from.name)
      .flatMap((to) => to.addresses.filter((address) => families.has(familyOf(address))).map((address) => pairOf(from, to, address)))
  })
}

function pairOf(from: Place, to: Place, address: string): Pair {
  return {from: from.name, to: to.name, address}
}

/** As probePairs, for every two places. */
export function probeAll(fleet: Fleet, places: readonly Place[], options: ProbeOptions): Promise<Probe[]> {
  return probePairs(fleet, places, allPairs(places), options)
}

/**
 * Sends ICMP, TCP and UDP for every pair, in each size.
 * @param places all that may receive, or answer for another: each listens at whatever addresses it has
 * @returns one Probe for each pair, size and protocol that was asked for, in this order. A machine that could not be asked gives probes with
 * `answered: null`; this never rejects for the sake of one machine.
 */
export async function probePairs(
  fleet: Fleet,
  places: readonly Place[],
  pairs: readonly Pair[],
  {mtu, patience = 1000, sizes = PACKET_SIZES, protocols = PROTOCOLS, watched, follow}: ProbeOptions,
): Promise<Probe[]> {
  if (pairs.length === 0) return []
  const agent = await readFile(AGENT, 'utf8')
  const nonce = watched?.nonce ?? randomBytes(6).toString('hex')
  // ICMP identifiers are others than in the run before: the kernel tracks a connection by them for 30 s.
  const identifier = randomInt(65_536)
  const families = [...new Set(pairs.map(({address}) => familyOf(address) ?? 4))]
  const rows: Row[] = []
  const machines = [...Map.groupBy(places, ({node}) => node)]
  const total = pairs.length * sizes.length * PROTOCOLS.length
  let done = 0
  const counted = ({kind}: Row) => void (kind === 'result' && follow?.(++done, total))
  const started = await Promise.all(
    machines.map(async ([node, here]) => {
      const names = new Set(here.map(({name}) => name))
      const plan = [
        ['probe', nonce, PROBE_PORT, mtu, patience / 1000, sizes.join(), families.join(), identifier, protocols.join()],
        ...(watched ? [['called', watched.name]] : []),
        ...here.map(({name, netns}) => ['here', name, netns ?? '-']),
        ...[...pairs.entries()].flatMap(([number, {from, to, address}]) => (names.has(from) ? [['ask', number, from, to, address]] : [])),
        ['end'],
      ]
      try {
        const stream = await fleet.stream(node, ['perl', '-e', agent])
        stream.stdin?.on('error', () => undefined) // it may have ended: then its row `lost` says so
        stream.stdin?.write(plan.map((fields) => `${fields.join('\t')}\n`).join(''))
        return [converse(node, stream, rows, counted)]
      } catch (error) {
        rows.push({node, kind: 'lost', fields: [wordsOf(error)]})
        return []
      }
    }),
  )
  await carryOut(started.flat(), rows, patience, watched?.ready)
  for (const [words = ''] of fieldsOf(rows, 'busy')) for (const [node] of machines) rows.push({node, kind: 'lost', fields: [words]})
  return readProbes(rows, {places, pairs, mtu, sizes, protocols})
}

function wordsOf(error: unknown): string {
  if (error instanceof MachineError) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

/** For hangs alone: an agent ends by itself. */
const LOCK_LIMIT = 40_000
const hangLimit = (patience: number) => 60_000 + 4 * patience

/** How often agents look at what is there: TCP's request and answer in two sizes, by turns, and the reading of the last. */
const SETTLING = 5

/** The acts of a run, each begun when all agents have ended the one before. */
async function carryOut(agents: readonly Conversation[], rows: Row[], patience: number, ready?: Promise<unknown>): Promise<void> {
  const killAll = () => agents.forEach(({kill}) => void kill())
  const all = (asked: readonly Conversation[], order: string, word: string) => Promise.all(asked.map((agent) => agent.order(order, word)))
  let limit = setTimeout(killAll, LOCK_LIMIT)
  try {
    const holder = await lockedBy(agents, rows)
    clearTimeout(limit)
    limit = setTimeout(killAll, hangLimit(patience))
    if (holder) {
      await all(agents, 'listen', 'ready')
      await ready
      // What is not there cannot be asked: `absent` rows are told before `ready`.
      await all(agents, ['go', ...fieldsOf(rows, 'absent').map(([place]) => place)].join('\t'), 'done')
      const late = fieldsOf(rows, 'late').length > 0
      for (let round = 1; late && round <= SETTLING; round++) await all(agents, `settle\t${round}`, `settled${round}`)
    }
    // The lab's lock goes last: by then nobody listens any more.
    const others = agents.filter((agent) => agent !== holder)
    await all(others, 'stop', 'bye')
    await holder?.order('stop', 'bye')
    await Promise.all(agents.map(({ended}) => ended))
  } finally {
    clearTimeout(limit)
    killAll()
  }
}

/** One probe of a lab at a time: the first machine's agent holds the lab's lock, or the first one's that lives. */
async function lockedBy(agents: readonly Conversation[], rows: readonly Row[]): Promise<Conversation | undefined> {
  for (const agent of agents) {
    if (await agent.order('lock', 'locked')) return agent
    if (fieldsOf(rows, 'busy').length > 0) return undefined
  }
  return undefined
}
