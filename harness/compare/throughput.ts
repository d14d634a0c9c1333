// TCP from pod to pod by iperf3(1), in turns with the plain recipe's, and what processors did for it.
import {type Fleet, MachineError} from '../driver.ts'
import {assertNeeds} from '../needs.ts'
import {type Beside, type Measured, measured, unknown} from './measured.ts'
import type {Standing} from './network.ts'
import {processorTime} from './processor.ts'
import {beside} from './spread.ts'

const ROUNDS = 3
/** Seconds of each. */
const SECONDS = 1
const LIMIT = 20_000
const FILE = '/run/podwire/iperf3.pid'
const NEEDS = [{tool: 'iperf3', package: 'iperf3'}]

/** What iperf3 --json says at the end (iperf3(1)). */
interface Iperf {
  readonly error?: string
  readonly end?: {readonly sum_received?: {readonly bytes?: number; readonly bits_per_second?: number}}
}

/** One run: Gbit in a second, and seconds of processors for a Gbit, or why these are not known. */
interface Run {
  readonly rate: number
  readonly cost: number | string
}

export interface Throughput {
  readonly throughput: Measured<Beside>
  readonly processor: Measured<Beside>
}

/** @throws MachineError when iperf3 is missing, or nothing comes through */
export async function measureThroughput(own: Standing, plain: Standing): Promise<Throughput> {
  await assertNeeds(own.lab.fleet, {...own.lab.scenario, name: 'throughput', needs: NEEDS, devices: []})
  const servers = await Promise.all([serve(own), serve(plain)])
  try {
    const rounds: {network: Run; plain: Run}[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const theirs = await send(plain)
      rounds.push({network: await send(own), plain: theirs})
    }
    const throughput = measured(beside(rounds.map(({network, plain}) => ({network: network.rate, plain: plain.rate}))))
    const strange = rounds.flatMap(({network, plain}) => [network.cost, plain.cost]).find((cost) => typeof cost === 'string')
    if (strange !== undefined) return {throughput, processor: unknown(strange)}
    const costs = rounds.map(({network, plain}) => ({network: Number(network.cost), plain: Number(plain.cost)}))
    return {throughput, processor: measured(beside(costs))}
  } finally {
    await Promise.all(servers.map((stop) => stop()))
  }
}

/** @throws MachineError when it does not listen */
async function serve({lab, network: {to}}: Standing): Promise<() => Promise<void>> {
  const line = `mkdir -p /run/podwire; ip netns exec ${to.netns} iperf3 --server --daemon --pidfile ${FILE}`
  const {exitCode, stderr} = await lab.fleet.run(to.node, line, {shell: 'observer'})
  if (exitCode !== 0) throw new MachineError('iperf3', `iperf3 does not listen in ${to.name}: ${stderr.toString().trim()}`)
  return async () => void (await lab.fleet.run(to.node, `kill $(tr -d '\\0' <${FILE})`, {shell: 'observer'}))
}

/** @throws MachineError when nothing came through */
async function send({lab, network: {from, to}}: Standing): Promise<Run> {
  const before = await processorTime(lab.fleet, from.node)
  const line = `ip netns exec ${from.netns} iperf3 --client ${to.address} --time ${SECONDS} --connect-timeout 3000 --json`
  const {bytes, rate} = received(await said(lab.fleet, from.node, line))
  const after = await processorTime(lab.fleet, from.node)
  if (typeof before === 'string') return {rate, cost: before}
  if (typeof after === 'string') return {rate, cost: after}
  return {rate, cost: (after - before) / ((bytes * 8) / 1e9)}
}

async function said(fleet: Fleet, node: string, line: string): Promise<string> {
  const {stdout, stderr, cause} = await fleet.run(node, line, {shell: 'observer', timeLimit: LIMIT})
  if (stdout.length === 0) throw new MachineError('iperf3', `iperf3 said nothing: ${cause ?? stderr.toString().trim()}`)
  return stdout.toString()
}

/** What arrived: bytes, and Gbit in a second. @throws MachineError with iperf3's own words when nothing did */
export function received(json: string): {readonly bytes: number; readonly rate: number} {
  const {error, end} = JSON.parse(json) as Iperf
  const {bytes = 0, bits_per_second: rate = 0} = end?.sum_received ?? {}
  if (error !== undefined || bytes === 0) throw new MachineError('iperf3', `iperf3: ${error ?? 'nothing arrived'}`)
  return {bytes, rate: rate / 1e9}
}
