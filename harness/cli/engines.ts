// `--engines`: from what was typed to the engines that are meant, and what is remembered of them while a lab runs there.

import {familyOf} from '../address.ts'
import {MachineError} from '../driver.ts'
import type {Endpoint} from '../drivers/docker/endpoint.ts'
import {EndpointError} from '../drivers/docker/endpoint.ts'
import {placeNodes, readPlacement} from '../drivers/docker/placement.ts'
import type {SeveralEngines} from '../drivers/docker/several.ts'
import {traceEngines} from '../kept/traces.ts'
import {machinesOf, type Scenario} from '../model.ts'
import {suggestion} from '../scenario/problem.ts'
import {UsageError} from './exit.ts'

export interface EngineOptions {
  /** ENGINE or NODE=ENGINE each. */
  readonly engines?: readonly string[]
  /** Makes a swarm of engines that are in none. */
  readonly swarmInit?: boolean
}

/**
 * Undefined where one engine is meant, whichever answers.
 * @throws UsageError for what names no engine, or no node of the scenario
 */
export function severalFor({engines, swarmInit}: EngineOptions, scenario: Scenario): SeveralEngines | undefined {
  if (!engines) {
    if (swarmInit) throw new UsageError('--swarm-init is of labs on several engines', ['say which: --engines tcp://...,ssh://...'])
    return undefined
  }
  const placement = understood(() => readPlacement(engines))
  const nodes = machinesOf(scenario).map(({name}) => name)
  for (const node of placement.placed.keys())
    if (!nodes.includes(node)) throw new UsageError(`${node} is no node of ${scenario.name}`, [suggestion(node, nodes)])
  assertCarried(scenario, placeNodes(nodes, placement))
  const traces = traceEngines()
  return {...placement, ...(swarmInit && {swarmInit}), remember: traces.write, forget: traces.remove}
}

/**
 * Docker's overlay network takes frames to the nodes whose addresses it gave, and no multicast, by which IPv6 neighbours find
 * each other (moby, libnetwork/drivers/overlay: a VXLAN device with `proxy` and no flooding).
 * @throws MachineError
 */
function assertCarried({name, nodes}: Scenario, places: ReadonlyMap<string, number>): void {
  const six = nodes.filter(({addresses}) => addresses.some((address) => familyOf(address) === 6))
  if (new Set(six.map((node) => places.get(node.name))).size < 2) return
  throw new MachineError(
    'overlay-ipv6',
    `${name} has IPv6 addresses on nodes of different engines, and an overlay network carries IPv4 alone`,
    [`put them on one engine: --engines ENGINE, or ${six.map((node) => `${node.name}=ENGINE`).join(',')}`, 'or use --driver local'],
  )
}

/** @throws UsageError */
export function endpointsFor(engines: readonly string[]): readonly Endpoint[] {
  return understood(() => readPlacement(engines)).endpoints
}

function understood<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error
    throw new UsageError(error.message, error.mistaken ? [suggestion(error.mistaken.name, error.mistaken.known)] : error.help)
  }
}
