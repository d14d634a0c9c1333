// From a declaration whose shape is right to the Scenario that it stands for. Nothing is judged here.
import {dirname, resolve} from 'node:path'
import type {Claim, FileSpec, HostSpec, Need, NodeSpec, PodSpec, Scenario, Stage, Step} from '../model.ts'
import type {Addresses, DeclaredDaemon, DeclaredScenario} from '../scenario.ts'

/** A list of addresses of a place, or its only one. */
export function listOf(address: Addresses): readonly string[] {
  return typeof address === 'string' ? [address] : address
}

export function specify(scenario: DeclaredScenario, name: string, file: string): Scenario {
  return {
    name,
    file,
    title: scenario.title,
    shows: scenario.shows ?? [],
    ...(scenario.solution !== undefined && {solution: scenario.solution}),
    needs: needsOf(scenario),
    devices: scenario.devices ?? [],
    ...(scenario.root !== undefined && {root: scenario.root}),
    ...(scenario.mtu !== undefined && {mtu: scenario.mtu}),
    underlay: scenario.underlay,
    nodes: nodesOf(scenario),
    pods: Object.entries(scenario.pods).map(([pod, {node, address}]): PodSpec => ({name: pod, node, ...addressed(address)})),
    hosts: hostsOf(scenario),
    files: filesOf(scenario, file),
    stages: stagesOf(scenario),
    claims: scenario.checks.map(({claim}) => claim),
  }
}

function addressed(address: Addresses): {address: string; addresses: readonly string[]} {
  const all = listOf(address)
  return {address: all[0] ?? '', addresses: all}
}

function nodesOf(scenario: DeclaredScenario): NodeSpec[] {
  return Object.entries(scenario.nodes).map(([name, address]) => ({name, ...addressed(address)}))
}

export function hostsOf(scenario: DeclaredScenario): HostSpec[] {
  return Object.entries(scenario.hosts ?? {}).map(([name, host]) =>
    isAddresses(host) ? {name, node: name, ...addressed(host)} : {name, node: host.node, ...addressed(host.address)},
  )
}

function isAddresses(host: Addresses | {readonly node: string; readonly address: Addresses}): host is Addresses {
  return typeof host === 'string' || Array.isArray(host)
}

/** The machines on the underlay: their names, and where each is declared. */
export function machinesIn(scenario: DeclaredScenario): {name: string; addresses: readonly string[]; path: readonly string[]}[] {
  return [
    ...nodesOf(scenario).map(({name, addresses}) => ({name, addresses, path: ['nodes', name]})),
    ...hostsOf(scenario)
      .filter(({name, node}) => name === node)
      .map(({name, addresses}) => ({name, addresses, path: ['hosts', name]})),
  ]
}

/** What a claim needs is needed without being said. */
function needsOf(scenario: DeclaredScenario): Need[] {
  const claims = [...scenario.steps, ...scenario.checks].flatMap((step) => (step.kind === 'claim' ? [step.claim] : []))
  const implied = claims.some(({check}) => check === 'wire') ? {tshark: 'tshark'} : {}
  return Object.entries({...implied, ...scenario.needs}).map(([tool, name]) => ({tool, package: name}))
}

export function filesOf(scenario: DeclaredScenario, file: string): FileSpec[] {
  const nodes = machinesIn(scenario).map(({name}) => name)
  return Object.entries(scenario.files ?? {}).map(([path, from]) => ({path, from: resolve(dirname(file), from), nodes}))
}

export function placeNames(scenario: DeclaredScenario): string[] {
  return [...Object.keys(scenario.pods), ...Object.keys(scenario.nodes), ...Object.keys(scenario.hosts ?? {})]
}

function stagesOf(scenario: DeclaredScenario): Stage[] {
  const stages: {title: string; sentence?: string; steps: Step[]; readdressed: Record<string, readonly string[]>; claims: Claim[]}[] = []
  const open = (title: string) => ({title, steps: [], readdressed: {}, claims: []})
  for (const step of scenario.steps) {
    if (step.kind === 'stage') {
      stages.push({...open(step.title), ...(step.sentence !== undefined && {sentence: step.sentence})})
      continue
    }
    if (stages.length === 0) stages.push(open(scenario.title))
    const stage = stages.at(-1)
    if (step.kind === 'step') stage?.steps.push({node: step.node, command: step.command, source: step.source})
    else if (step.kind === 'daemon') stage?.steps.push(daemonStep(scenario, step))
    else if (step.kind === 'claim') stage?.claims.push(step.claim)
    else if (stage) stage.readdressed[step.place] = listOf(step.address)
  }
  return stages
}

function daemonStep(scenario: DeclaredScenario, {place, name, command, ready, source}: DeclaredDaemon): Step {
  const host = hostsOf(scenario).find((each) => each.name === place)
  const node = scenario.pods[place]?.node ?? host?.node ?? place
  const daemon = {name, place, ...(node !== place && {netns: place}), ...(ready !== undefined && {ready})}
  return {node, command, source, daemon}
}
