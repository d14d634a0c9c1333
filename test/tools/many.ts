// The end of a run with very many pods, made from the recorded lab: node2 and its pod, as often as it is asked for, each with names,
// addresses, MAC addresses, indexes and settings of its own; ports and round trips as scattered as real ones, since what repeats
// would pack better. A real lab of this size would take more of the kernel's neighbour table than a test may.
import {matrixOf} from '../../harness/checks/matrix.ts'
import {requirementsFrom} from '../../harness/checks/requirements.ts'
import {sum} from '../../harness/checks/verdict.ts'
import type {Facts, LinkFacts, NamespaceFacts} from '../../harness/facts/facts.ts'
import {type MatrixRow, PACKET_SIZES, type Place, PROTOCOLS, type Probe, placesOf, type Scenario, type Stage} from '../../harness/model.ts'
import type {ResultSource} from '../../harness/report/json.ts'
import {checkNoNat, checkReach, findings} from './findings.ts'
import {RECORDED, recordedFacts} from './recorded.ts'

const FILE = '/home/me/work/many.ts'
const NODES = [1, 2, 3]

interface ManyPod {
  readonly name: string
  readonly node: number
  /** On its node, from 0. */
  readonly place: number
  readonly address: string
}

/** Numbers below `below`, as if drawn; the same each time (Park and Miller's generator). */
function drawn(): (below: number) => number {
  let state = 20_251
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

/** A run of `count` pods that passes, but for those whose requests come to `lost`. */
export function manyPods(count: number, lost?: string): ResultSource {
  const pods = podsOf(count)
  const scenario = scenarioOf(pods)
  const places = placesOf(scenario)
  const probes = probesBetween(places, lost)
  const small = probes.filter(({size}) => size === 'small')
  const sameNode = small.map((probe) => {
    const [from, to] = [probe.from, probe.to].map((name) => places.find((place) => place.name === name)?.node)
    return from === to ? probe : {...probe, answered: false}
  })
  const matrices = [small.map((probe) => ({...probe, answered: false})), sameNode, small].map(matrixOf)
  const facts = factsOf(pods, {addressed: true, routed: true})
  const kept = [factsOf(pods, {addressed: false, routed: false}), factsOf(pods, {addressed: true, routed: false}), facts]
  const checks = [checkReach(probes), checkNoNat(probes)]
  const interfaces = new Map([...facts].map(([name, here]) => [name, here?.links.map(({addresses, ...link}) => ({...link, addresses}))]))
  return {
    lab: 'many-pods-1',
    scenario,
    driver: {name: 'local', reason: 'asked for', description: 'namespaces of this machine, as root'},
    history: scenario.stages.flatMap(({steps}) =>
      steps.map(({node, command}, index) => ({
        ...{node, command, exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0)},
        startedAt: Date.UTC(2026, 0, 2) + index,
        duration: 1.5,
      })),
    ),
    outcome: {
      verdict: sum(checks.map(({verdict}) => verdict)),
      mtu: 1500,
      probes,
      checks,
      requirements: requirementsFrom(places, findings(places, probes, interfaces)),
      stages: scenario.stages.map(({title}, index) => ({
        ...{stage: index + 1, title, checks: []},
        ...turned(matrices[index - 1], matrices[index] as MatrixRow[]),
      })),
    },
    facts: {stages: new Map(kept.map((each, index) => [index + 1, each])), end: facts},
    times: {start: 100, steps: 2000, checks: 5000, total: 8000},
  }
}

function turned(before: readonly MatrixRow[] = [], matrix: readonly MatrixRow[]) {
  const names = (rows: readonly MatrixRow[]) =>
    new Set(rows.filter(({verdict}) => verdict === 'pass').map(({from, to}) => `${from} -> ${to}`))
  const [earlier, now] = [names(before), names(matrix)]
  return {matrix, gained: [...now.difference(earlier)], lost: [...earlier.difference(now)]}
}

function podsOf(count: number): ManyPod[] {
  return Array.from({length: count}, (_, index) => {
    const [node, place] = [NODES[index % NODES.length] ?? 1, Math.floor(index / NODES.length)]
    return {name: `p${node}-${place + 1}`, node, place, address: `10.244.${node}.${place + 2}`}
  })
}

function scenarioOf(pods: readonly ManyPod[]): Scenario {
  const stage = (title: string, lines: readonly (readonly [number, string])[]): Stage => ({
    title,
    steps: lines.map(([node, command], index) => ({node: `node${node}`, command, source: {file: FILE, line: 10 + index}})),
    readdressed: {},
    claims: [],
  })
  return {
    ...{name: 'many', file: FILE, title: `${pods.length} pods on 3 nodes`, shows: [], needs: [], devices: [], files: [], claims: []},
    ...RECORDED,
    pods: pods.map(({name, node, address}) => ({name, node: `node${node}`, address, addresses: [address]})),
    stages: [
      stage(
        'a namespace for each pod',
        pods.map(({name, node}) => [node, `ip netns add ${name}`]),
      ),
      stage(
        'a cable and an address for each pod',
        pods.flatMap(({name, node, address}) => [
          [node, `ip link add veth-${name} netns ${name} type veth peer name veth-${name}-br`],
          [node, `ip -n ${name} addr add ${address}/24 dev veth-${name}`],
        ]),
      ),
      stage(
        'routes between the nodes',
        NODES.flatMap((node) =>
          NODES.filter((other) => other !== node).map(
            (other) => [node, `ip route add 10.244.${other}.0/24 via 192.168.1.1${other}`] as const,
          ),
        ),
      ),
    ],
  }
}

function probesBetween(places: readonly Place[], lost: string | undefined): Probe[] {
  const draw = drawn()
  return places.flatMap((from) =>
    places.flatMap((to) =>
      from === to
        ? []
        : PACKET_SIZES.flatMap((size) =>
            PROTOCOLS.map((protocol): Probe => {
              const sourcePort = 1024 + draw(60_000)
              const destinationPort = protocol === 'icmp' ? sourcePort : 20_790
              const sent = {source: from.address, sourcePort, destination: to.address, destinationPort}
              const back = {source: to.address, sourcePort: destinationPort, destination: from.address, destinationPort: sourcePort}
              const base = {from: from.name, to: to.name, address: to.address, family: 4 as const, protocol, size}
              if (to.name === lost) return {...base, answered: false, error: 'no-answer', request: {sent}, reply: {}}
              return {
                ...base,
                answered: true,
                rtt: (20 + draw(40_000)) / 1000,
                ...(protocol === 'icmp' && {ttl: from.node === to.node ? 64 : 62}),
                request: {sent, seen: sent, seenAt: to.name},
                reply: {sent: back, seen: back, seenAt: from.name},
              }
            }),
          ),
    ),
  )
}

function factsOf(pods: readonly ManyPod[], how: {readonly addressed: boolean; readonly routed: boolean}): Facts {
  const recorded = recordedFacts()
  const [node, pod] = [recorded.get('node2'), recorded.get('pod3')]
  if (!node || !pod) throw new Error('nothing is recorded of node2 and pod3')
  return new Map([
    ...pods.map((each) => [each.name, podFacts(pod, each, how.addressed)] as const),
    ...NODES.map((number) => {
      const own = pods.filter((each) => each.node === number)
      return [`node${number}`, nodeFacts(node, number, own, how)] as const
    }),
  ])
}

const indexOf = ({place}: ManyPod) => 100 + 2 * place

const macOf = ({node, place}: ManyPod, end: number) => `0a:00:0${node}:0${end}:00:${place.toString(16).padStart(2, '0')}`

/** With its names and addresses in place of the recorded ones. */
function renamed<T>(value: T, changes: readonly (readonly [string, string])[]): T {
  const text = JSON.stringify(value, (_, part) => (part instanceof Map ? {$map: [...part]} : part))
  return JSON.parse(
    changes.reduce((all, [from, to]) => all.replaceAll(from, to), text),
    (_, part) => (part && typeof part === 'object' && '$map' in part ? new Map(part.$map) : part),
  ) as T
}

function podFacts(pod: NamespaceFacts, own: ManyPod, addressed: boolean): NamespaceFacts {
  const here = renamed(pod, [
    ['veth-pod3', `veth-${own.name}`],
    ['10.244.2.', `10.244.${own.node}.`],
    [`"address":"10.244.${own.node}.2"`, `"address":"${own.address}"`],
    [`"source":"10.244.${own.node}.2"`, `"source":"${own.address}"`],
    ['e2:a0:63:11:c3:ee', macOf(own, 1)],
  ])
  if (!addressed) return {...here, links: here.links.slice(0, 1), routes: [], neighbours: [], fdb: []}
  const links = here.links.map((link) =>
    link.kind === 'veth' ? {...link, index: indexOf(own) + 1, peer: {index: indexOf(own), netnsId: 0}} : link,
  )
  return {...here, links}
}

function nodeFacts(
  node: NamespaceFacts,
  number: number,
  pods: readonly ManyPod[],
  {addressed, routed}: {readonly addressed: boolean; readonly routed: boolean},
): NamespaceFacts {
  const third = NODES.filter((each) => each !== number)
  const here = renamed(node, [
    ['10.244.2.', '10.244.X.'],
    ['192.168.1.12', '192.168.1.1X'],
    ['10.244.1.', `10.244.${third[0]}.`],
    ['192.168.1.11', `192.168.1.1${third[0]}`],
    ['10.244.3.', `10.244.${third[1]}.`],
    ['192.168.1.13', `192.168.1.1${third[1]}`],
    ['10.244.X.', `10.244.${number}.`],
    ['192.168.1.1X', `192.168.1.1${number}`],
    ['9a:f0:27:f3:d6:22', `0a:00:00:00:00:0${number}`],
    ['ca:3d:91:07:3c:37', `0a:00:00:00:00:0${third[0]}`],
    ['66:93:82:0a:2e:26', `0a:00:00:00:00:0${third[1]}`],
  ])
  const isOfPod = (name: string) => name === 'veth-pod3-br'
  const port = here.links.find(({name}) => isOfPod(name)) as LinkFacts
  const ports = pods.map((own) => ({
    ...port,
    ...{index: indexOf(own), name: `veth-${own.name}-br`, mac: macOf(own, 2), peer: {index: indexOf(own) + 1, netnsId: own.place}},
  }))
  const links = here.links.filter(({name}) => !isOfPod(name))
  return {
    ...here,
    links: addressed ? [...links, ...ports] : links,
    routes: here.routes.filter(({dev, via}) => !isOfPod(dev ?? '') && (routed || via === undefined)),
    fdb: here.fdb.filter(({dev}) => !isOfPod(dev)),
    neighbours: here.neighbours.filter(({dev}) => dev === 'eth0'),
    netnsNames: new Map(pods.map((own) => [own.place, own.name])),
    sysctls: new Map(
      [...here.sysctls].flatMap(([key, value]): [string, string][] =>
        key.includes('veth-pod3-br')
          ? addressed
            ? pods.map((own) => [key.replace('veth-pod3-br', `veth-${own.name}-br`), value])
            : []
          : [[key, value]],
      ),
    ),
  }
}
