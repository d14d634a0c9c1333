// A comparison of one network of which everything was measured.
import {type Beside, type Compared, type Measures, measured} from '../../harness/compare/measured.ts'
import type {Comparison} from '../../harness/report/comparison.ts'

const beside = (network: number, ratio: number, low: number, high: number): Beside => ({
  network: {median: network, low: network, high: network, samples: 3},
  plain: {median: network / ratio, low: network / ratio, high: network / ratio, samples: 3},
  ratio: {median: ratio, low, high, samples: 3},
})

const settled = (stage: number, milliseconds: number, looks: number) => ({
  stage,
  title: `stage ${stage}`,
  milliseconds,
  claims: [{claim: 'reach pod1 -> pod3 within 10000 ms', milliseconds, looks}],
})

const MEASURES: Measures = {
  firstPing: measured({median: 312, low: 300, high: 324, samples: 2}),
  hops: measured({ttl: 64, routers: 0}),
  mtu: measured(1450),
  overhead: measured({bytes: 50, at: 'node1/eth0', frame: 148, sent: 98}),
  throughput: measured(beside(6.5, 0.9, 0.8, 1)),
  processor: measured(beside(0.12, 1.2, 1.1, 1.3)),
  latency: measured(beside(0.044, 1.25, 1.2, 1.4)),
  memory: measured({bytes: 34 * 2 ** 20, machines: {node1: {bytes: 34 * 2 ** 20, processes: 2}}}),
  growth: measured({
    pods: [3, 30],
    state: {
      routes: {few: 6, many: 6, each: 0},
      neighbours: {few: 9, many: 36, each: 1},
      fdb: {few: 3, many: 141, each: 138 / 27},
      flows: {few: 0, many: 0, each: 0},
      maps: {few: 0, many: 0, each: 0},
    },
  }),
  convergence: measured({failure: settled(3, 667, 1), mending: settled(5, 1_400, 8)}),
}

export const COMPARED: Compared = {
  name: 'weave',
  title: 'one flat segment',
  solution: 'Weave Net',
  pair: ['pod1', 'pod3'],
  problem: null,
  measures: MEASURES,
}

export const COMPARISON: Comparison = {
  driver: {name: 'local', reason: 'asked for', description: 'namespaces of this machine, as root'},
  plain: 'three-nodes',
  processors: 2,
  load: {before: 1.5, after: 2},
  resolution: 25,
  networks: [COMPARED],
  left: [],
  duration: 63_000,
}
