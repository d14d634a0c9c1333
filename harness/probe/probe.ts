// Probes all pairs of places at once: starts agent.pl on every node, lets all of them begin together, and collects what
// each sender used and each receiver saw. Nothing of it stays on the nodes.
import {randomBytes} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {createInterface} from 'node:readline'
import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import type {CommandStream, Fleet} from '../driver.ts'
import type {Place, Probe} from '../model.ts'
import {readProbes} from './read.ts'
import {PROBE_PORT, type Row} from './rows.ts'

const AGENT = new URL('agent.pl', import.meta.url)
const HANG_LIMIT = 60_000

export interface ProbeOptions {
  /** The size of a full packet, in bytes: the MTU of the path that is claimed. */
  readonly mtu: number
  /** Milliseconds that an unanswered exchange is waited for. What the kernel refuses at once is not waited for. */
  readonly patience?: number
  readonly sizes?: readonly string[]
}

/**
 * Sends ICMP, TCP and UDP in both sizes between every two places.
 * @returns one Probe for each ordered pair, protocol and size. A node that could not be asked gives probes with
 * `answered: null`; this never rejects for the sake of one node.
 */
export async function probeAll(fleet: Fleet, places: readonly Place[], {mtu, patience = 1000}: ProbeOptions): Promise<Probe[]> {
  const agent = await readFile(AGENT, 'utf8')
  const nodes = [...new Set(places.map(({node}) => node))].filter((node) => node !== 'nowhere')
  const nonce = randomBytes(6).toString('hex')
  const rows: Row[] = []
  const started = await Promise.all(
    nodes.map(async (node, index) => {
      const plan = [
        ['probe', nonce, PROBE_PORT, mtu, patience / 1000],
        ['node', index, nodes.length],
        ...places.filter((place) => place.node === node).map((place) => ['here', place.name, place.netns ?? '-', place.address]),
        ...places.map((place) => ['there', place.name, place.address]),
        ['end'],
      ]
      try {
        const stream = await fleet.stream(node, ['perl', '-e', agent])
        stream.stdin?.write(plan.map((fields) => `${fields.join('\t')}\n`).join(''))
        return [conversation(node, stream, rows)]
      } catch (error) {
        rows.push({node, kind: 'lost', fields: [error instanceof Error ? error.message : String(error)]})
        return []
      }
    }),
  )
  const agents = started.flat()
  const limit = setTimeout(() => agents.forEach(({kill}) => void kill()), HANG_LIMIT)
  try {
    await Promise.all(agents.map(({reached}) => reached('ready')))
    for (const {say} of agents) say('go\n')
    await Promise.all(agents.map(({reached}) => reached('done')))
    for (const {say} of agents) say('stop\n')
    await Promise.all(agents.map(({ended}) => ended))
  } finally {
    clearTimeout(limit)
    for (const {kill} of agents) kill()
  }
  return readProbes(rows, places, mtu)
}

/** Follows one agent: rows are collected; `ready`, `done` and the end are waited for. An agent that ends early has reached everything. */
function conversation(node: string, stream: CommandStream, rows: Row[]) {
  const seen = new Set<string>()
  const waiting = new Map<string, () => void>()
  let over = false
  const complaints = stream.stderr ? text(stream.stderr).catch(() => '') : Promise.resolve('')
  const ended = (async () => {
    try {
      for await (const line of createInterface({input: stream.stdout ?? Readable.from([])})) {
        const [kind = '', ...fields] = line.split('\t')
        seen.add(kind)
        waiting.get(kind)?.()
        if (fields.length > 0) rows.push({node, kind, fields})
      }
    } catch {
      // The stream was cut: without the agent's `bye` its node counts as lost below.
    }
    const code = await stream.exit
    over = true
    if (!seen.has('bye'))
      rows.push({node, kind: 'lost', fields: [(await complaints).trim().split('\n')[0] || `the probe ended with ${code ?? 'its node'}`]})
    for (const resolve of waiting.values()) resolve()
  })()
  return {
    ended,
    say: (order: string) => void stream.stdin?.write(order),
    kill: () => (over ? undefined : stream.kill()),
    reached: (word: string) => (over || seen.has(word) ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(word, resolve))),
  }
}

export function allPairs(places: readonly Place[]): {from: string; to: string; address: string}[] {
  return places.flatMap((from) => places.filter((to) => to !== from).map((to) => ({from: from.name, to: to.name, address: to.address})))
}
export async function probePairs(
  fleet: Fleet,
  places: readonly Place[],
  pairs: readonly {from: string; to: string; address: string}[],
  options: ProbeOptions,
): Promise<Probe[]> {
  if (pairs.length === 0) return []
  const wanted = new Set(pairs.map(({from, to}) => `${from} ${to}`))
  const extra = pairs
    .filter(({to}) => !places.some(({name}) => name === to))
    .map(({to, address}): Place => ({name: to, kind: 'host', node: 'nowhere', netns: undefined, address, addresses: [address]}))
  const all = await probeAll(
    fleet,
    [...places, ...extra].filter((place) => pairs.some(({from, to}) => place.name === from || place.name === to)),
    options,
  )
  return all.filter(({from, to}) => wanted.has(`${from} ${to}`))
}
