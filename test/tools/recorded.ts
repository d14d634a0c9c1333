// The rows that real nodes gave; fixtures/recorded/README.md says how they were recorded.
import {readFileSync} from 'node:fs'
import type {Facts} from '../../harness/facts/facts.ts'
import {type Interface, parseInterfaces} from '../../harness/facts/interfaces.ts'
import {parseMachine} from '../../harness/facts/parse.ts'
import {type Place, type Probe, placesOf} from '../../harness/model.ts'
import {allPairs} from '../../harness/probe/probe.ts'
import {type Probed, readProbes} from '../../harness/probe/read.ts'
import type {Row} from '../../harness/probe/rows.ts'

export type Recording = 'healthy' | 'masquerade' | 'forwarding-off' | 'no-namespace'

/** The scenario that was recorded. */
export const RECORDED = {
  underlay: '192.168.1.0/24',
  nodes: [
    {name: 'node1', address: '192.168.1.11', addresses: ['192.168.1.11']},
    {name: 'node2', address: '192.168.1.12', addresses: ['192.168.1.12']},
    {name: 'node3', address: '192.168.1.13', addresses: ['192.168.1.13']},
  ],
  pods: [
    {name: 'pod1', node: 'node1', address: '10.244.1.2', addresses: ['10.244.1.2']},
    {name: 'pod2', node: 'node1', address: '10.244.1.3', addresses: ['10.244.1.3']},
    {name: 'pod3', node: 'node2', address: '10.244.2.2', addresses: ['10.244.2.2']},
    {name: 'pod4', node: 'node3', address: '10.244.3.2', addresses: ['10.244.3.2']},
  ],
  hosts: [],
} as const

export const PLACES: readonly Place[] = placesOf(RECORDED)
export const MTU = 1500
export const PROBED: Probed = {places: PLACES, pairs: allPairs(PLACES), mtu: MTU}

export function recordedRows(name: Recording): Row[] {
  return table(`${name}.rows.tsv`).map(([node = '', kind = '', ...fields]) => ({node, kind, fields}))
}

export function recordedProbes(name: Recording): Probe[] {
  return readProbes(recordedRows(name), PROBED)
}

/** Only what was recorded apart has a file; nothing else changed an address. */
export function recordedInterfaces(name: Recording | 'two-pods-one-address'): Map<string, readonly Interface[] | undefined> {
  const file = name === 'two-pods-one-address' || name === 'no-namespace' ? name : 'healthy'
  return new Map(table(`${file}.addr.tsv`).map(([place = '', json = '']) => [place, parseInterfaces(json)]))
}

/** What the places of the healthy lab said of their links, addresses and routes. */
export function recordedFacts(): Facts {
  const lines = readFileSync(new URL('../../fixtures/recorded/healthy.facts.txt', import.meta.url), 'utf8').split('\n')
  const machines = Map.groupBy(lines, (line) => line.split('\x01')[0] ?? '')
  return new Map(
    [...machines].flatMap(([node, said]) =>
      [...parseMachine(said.map((line) => line.slice(node.length + 1)).join('\n'))].map(
        ([netns, facts]) => [netns === '-' ? node : netns, facts] as const,
      ),
    ),
  )
}

function table(file: string): string[][] {
  const text = readFileSync(new URL(`../../fixtures/recorded/${file}`, import.meta.url), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
}
