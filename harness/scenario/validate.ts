// From a declaration to a Scenario, or to all of its problems at once. Nothing has been started when this runs.
import {statSync} from 'node:fs'
import {dirname, isAbsolute, normalize, resolve} from 'node:path'
import * as v from 'valibot'
import {contains, familyOf, isPrefix, isUnicast, isUsableHost, prefixLengthOf, sameHost} from '../address.ts'
import {
  type Claim,
  ENCAPSULATIONS,
  type FileSpec,
  type HostSpec,
  type Need,
  type NodeSpec,
  PACKET_SIZES,
  type PodSpec,
  PROTOCOLS,
  type Scenario,
  type Stage,
  type Step,
} from '../model.ts'
import type {Addresses, DeclaredDaemon, DeclaredScenario} from '../scenario.ts'
import {checkClaims, claimProblem} from './claims.ts'
import {defaultExportLine, duplicateKeys, lineOf, prototypeKeys} from './locate.ts'
import {type Problem, ScenarioError, suggestion, unknownPlace} from './problem.ts'
import {checkLine} from './shell.ts'

/** Names become host names, interface names (at most 15 bytes, netdevice(7)) and file names under /run/netns. */
const NAME = /^[a-z][a-z0-9-]{0,13}$/

/** Devices that are there already where a name becomes a device. */
const RESERVED: readonly string[] = ['lo', 'eth0', 'underlay']

/** What every JavaScript object has a meaning of its own for: valibot leaves such keys out and says nothing. */
const OBJECTS_OWN: readonly string[] = ['__proto__', 'constructor', 'prototype']

const source = v.strictObject({file: v.string(), line: v.number()})
const addresses = v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))], 'an address, or a list of them, is expected here')
const onNode = v.strictObject({node: v.string(), address: addresses})
const fails = v.optional(v.strictObject({cause: v.string(), at: v.optional(v.string())}))
const only = v.optional(v.picklist([...PROTOCOLS, ...PACKET_SIZES], 'icmp, tcp, udp, small or full is expected here'))
const names = v.optional(v.array(v.string()))
const within = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)))
const vni = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffff)))
const ends = v.strictTuple([v.string(), v.string()])
const claimShape = v.object({
  kind: v.literal('claim'),
  claim: v.variant('check', [
    v.strictObject({check: v.picklist(['reach', 'no-nat']), from: names, to: names, only, fails, within, source}),
    v.strictObject({check: v.picklist(['unique-address', 'own-subnet']), places: names, fails, within, source}),
    v.strictObject({
      check: v.literal('hops'),
      from: v.string(),
      to: v.string(),
      routers: v.pipe(v.number(), v.integer(), v.minValue(0)),
      source,
    }),
    v.strictObject({
      check: v.literal('command'),
      place: v.string(),
      command: v.string(),
      exit: v.picklist(['success', 'failure']),
      prints: v.array(v.string()),
      within,
      source,
    }),
    v.strictObject({
      check: v.literal('wire'),
      from: v.string(),
      to: v.string(),
      at: v.optional(v.strictObject({place: v.string(), device: v.string()})),
      carries: v.strictObject({
        encapsulation: v.picklist(ENCAPSULATIONS),
        inner: ends,
        outer: v.optional(ends),
        port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
        vni,
        answerVni: vni,
      }),
      source,
    }),
  ]),
})

const declarationShape = v.strictObject({
  kind: v.literal('scenario'),
  title: v.pipe(v.string(), v.nonEmpty('a sentence is expected here, not an empty text')),
  shows: v.optional(v.array(v.string())),
  solution: v.optional(v.pipe(v.string(), v.nonEmpty('the name of a network is expected here, not an empty text'))),
  underlay: v.string(),
  needs: v.optional(v.record(v.string(), v.string())),
  devices: v.optional(v.array(v.string())),
  root: v.optional(v.pipe(v.string(), v.nonEmpty('the reason is expected here, not an empty text'))),
  mtu: v.optional(v.number()),
  nodes: v.record(v.string(), addresses),
  pods: v.record(v.string(), onNode),
  hosts: v.optional(v.record(v.string(), v.union([addresses, onNode], 'an address, or {node, address}, is expected here'))),
  files: v.optional(v.record(v.string(), v.string())),
  steps: v.array(
    v.variant('kind', [
      v.strictObject({kind: v.literal('stage'), title: v.string(), sentence: v.optional(v.string())}),
      v.strictObject({kind: v.literal('step'), node: v.string(), command: v.string(), source}),
      v.strictObject({kind: v.literal('address'), place: v.string(), address: addresses, source}),
      // It has a function too, by which its readiness is declared.
      v.object({
        kind: v.literal('daemon'),
        place: v.string(),
        name: v.string(),
        command: v.string(),
        ready: v.optional(v.string()),
        source,
      }),
      claimShape,
    ]),
  ),
  checks: v.array(claimShape),
})

const KEYS: Record<string, readonly string[]> = {
  '': ['title', 'shows', 'solution', 'underlay', 'needs', 'devices', 'root', 'mtu', 'nodes', 'pods', 'hosts', 'files', 'steps', 'checks'],
  pods: ['node', 'address'],
  hosts: ['node', 'address'],
}

type Declared = DeclaredScenario

/**
 * @param declared what the file exports by default
 * @throws ScenarioError with every problem found
 */
export function validate(declared: unknown, name: string, file: string): Scenario {
  if (!isScenarioCall(declared)) throw new ScenarioError([noScenario(declared, file)])
  const shape = v.safeParse(declarationShape, declared)
  const problems: Problem[] = []
  const report = (path: readonly string[], problem: Omit<Problem, 'source'>) => {
    const line = lineOf(file, path)
    problems.push({...problem, ...(line !== undefined && {source: {file, line}})})
  }
  if (!shape.success) {
    for (const issue of shape.issues) {
      const path = (issue.path ?? []).map(({key}) => String(key))
      const claimed = claimProblem(declared, path)
      if (!claimed) report(path, shapeProblem(path, issue))
      // reach() lacks both of its places, and is one mistake.
      else if (!problems.some(({source}) => source?.line === claimed.source?.line && source?.file === claimed.source?.file))
        problems.push(claimed)
    }
    throw new ScenarioError(problems)
  }
  const scenario = shape.output as Declared
  for (const {key, line, firstLine} of duplicateKeys(file)) {
    problems.push({
      code: 'declared-twice',
      message: `${key} is declared twice, and only the last would count`,
      source: {file, line},
      note: `the first is in line ${firstLine}`,
    })
  }
  checkKeys(declared, file, report, problems)
  checkNodes(scenario, report)
  checkPods(scenario, report)
  checkHosts(scenario, report)
  checkNeeds(scenario, report)
  checkMtu(scenario, report)
  problems.push(...checkFiles(scenario, file, report), ...checkSteps(scenario))
  const specified = specify(scenario, name, file)
  problems.push(...checkClaims(specified, problems.length === 0))
  if (scenario.checks.length === 0 && !scenario.steps.some(({kind}) => kind === 'claim'))
    report(['checks'], {
      code: 'no-checks',
      message: 'a scenario that claims nothing cannot hold or fail',
      help: 'claim something: checks: [reach.all(), noNat.all()]',
    })
  if (problems.length > 0) throw new ScenarioError(problems)
  return specified
}

function specify(scenario: Declared, name: string, file: string): Scenario {
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

/** Names that got lost between the file and the scenario. */
function checkKeys(declared: unknown, file: string, report: Report, problems: Problem[]): void {
  const message = (key: string) => `${JSON.stringify(key)} cannot name anything here`
  const help = 'JavaScript’s objects have it for themselves; choose another name'
  for (const line of prototypeKeys(file)) problems.push({code: 'bad-name', message: message('__proto__'), source: {file, line}, help})
  for (const group of ['nodes', 'pods', 'hosts', 'files', 'needs'])
    for (const key of Object.keys((declared as Record<string, object | undefined>)[group] ?? {}))
      if (OBJECTS_OWN.includes(key)) report([group, key], {code: 'bad-name', message: message(key), help})
}

type Report = (path: readonly string[], problem: Omit<Problem, 'source'>) => void

function listOf(address: Addresses): readonly string[] {
  return typeof address === 'string' ? [address] : address
}

function addressed(address: Addresses): {address: string; addresses: readonly string[]} {
  const all = listOf(address)
  return {address: all[0] ?? '', addresses: all}
}

function nodesOf(scenario: Declared): NodeSpec[] {
  return Object.entries(scenario.nodes).map(([name, address]) => ({name, ...addressed(address)}))
}

function hostsOf(scenario: Declared): HostSpec[] {
  return Object.entries(scenario.hosts ?? {}).map(([name, host]) =>
    isAddresses(host) ? {name, node: name, ...addressed(host)} : {name, node: host.node, ...addressed(host.address)},
  )
}

function isAddresses(host: Addresses | {readonly node: string; readonly address: Addresses}): host is Addresses {
  return typeof host === 'string' || Array.isArray(host)
}

/** The machines on the underlay: their names, and where each is declared. */
function machinesIn(scenario: Declared): {name: string; addresses: readonly string[]; path: readonly string[]}[] {
  return [
    ...nodesOf(scenario).map(({name, addresses}) => ({name, addresses, path: ['nodes', name]})),
    ...hostsOf(scenario)
      .filter(({name, node}) => name === node)
      .map(({name, addresses}) => ({name, addresses, path: ['hosts', name]})),
  ]
}

function checkNodes(scenario: Declared, report: Report): void {
  const {underlay} = scenario
  const length = prefixLengthOf(underlay) ?? 0
  if (!isPrefix(underlay) || underlay.includes(':') || length < 8 || length > 30 || !isUnicast(underlay.split('/')[0] ?? '')) {
    report(['underlay'], {
      code: 'bad-prefix',
      message: `${underlay} is no IPv4 network that nodes can be on`,
      help: 'write it in CIDR notation, like 192.168.1.0/24, with no host bits set and a length of 8 to 30',
      ...(underlay.includes(':') && {note: 'nodes start with an IPv4 address; IPv6 addresses are given to them by steps'}),
    })
    return
  }
  const holder = new Map<string, string>()
  for (const {name, addresses, path} of machinesIn(scenario)) {
    checkName(name, path, report)
    const [address = '', ...others] = addresses
    const first = holder.get(address)
    if (familyOf(address) === undefined)
      report(path, {
        code: 'bad-address',
        message: `${name}: ${address} is no address`,
        help: 'write it without a prefix length, like 192.168.1.11',
      })
    else if (familyOf(address) === 6)
      report(path, {
        code: 'address-outside-underlay',
        message: `${name}: its first address, ${address}, is not on the underlay`,
        note: `the underlay is ${underlay}`,
        help: `put its IPv4 address first: ['${others.find((other) => familyOf(other) === 4) ?? '...'}', '${address}']`,
      })
    else if (!contains(underlay, address)) {
      report(path, {
        code: 'address-outside-underlay',
        message: `${name}: ${address} is not on the underlay`,
        note: `the underlay is ${underlay}`,
        help: nearUnderlay(underlay, address),
      })
    } else if (!isUsableHost(underlay, address)) {
      report(path, {
        code: 'address-not-usable',
        message: `${name}: ${address} is the network's own first or last address`,
        note: `the underlay is ${underlay}`,
      })
    } else if (first !== undefined) {
      report(path, {
        code: 'two-nodes-one-address',
        message: `${name} and ${first} are both at ${address}`,
        help: 'give each node an address of its own',
      })
    }
    holder.set(address, first ?? name)
    for (const other of others) checkAddress(name, other, path, report)
  }
  if (Object.keys(scenario.nodes).length === 0) report(['nodes'], {code: 'no-nodes', message: 'a scenario needs at least one node'})
}

function checkPods(scenario: Declared, report: Report): void {
  const nodes = Object.keys(scenario.nodes)
  for (const [name, {node, address}] of Object.entries(scenario.pods)) {
    checkName(name, ['pods', name], report)
    if (nodes.includes(name))
      report(['pods', name], {code: 'name-taken', message: `${name} is a node already`, help: 'give the pod a name of its own'})
    if (!nodes.includes(node))
      report(['pods', name, 'node'], {
        code: 'unknown-node',
        message: `pod ${name} is on ${node}, which is no node of this scenario`,
        help: suggestion(node, nodes),
      })
    for (const one of listOf(address)) {
      checkAddress(`pod ${name}`, one, ['pods', name, 'address'], report)
      const holder = machinesIn(scenario).find(({addresses}) => addresses.some((own) => sameHost(own, one)))
      if (holder)
        report(['pods', name, 'address'], {
          code: 'address-taken',
          message: `pod ${name}: ${one} is the address of ${holder.name}`,
          help: 'a pod has an address of its own',
        })
    }
  }
}

function checkHosts(scenario: Declared, report: Report): void {
  const taken = [...Object.keys(scenario.nodes), ...Object.keys(scenario.pods)]
  const machines = machinesIn(scenario).map(({name}) => name)
  for (const {name, node, addresses} of hostsOf(scenario)) {
    if (taken.includes(name))
      report(['hosts', name], {code: 'name-taken', message: `${name} is a node or pod already`, help: 'give the host a name of its own'})
    if (node === name) continue // checked with the nodes
    checkName(name, ['hosts', name], report)
    if (!machines.includes(node))
      report(['hosts', name, 'node'], {
        code: 'unknown-node',
        message: `host ${name} is on ${node}, which is no machine of this scenario`,
        help: suggestion(node, machines),
      })
    for (const address of addresses) checkAddress(`host ${name}`, address, ['hosts', name, 'address'], report)
  }
}

function checkAddress(whose: string, address: string, path: readonly string[], report: Report): void {
  if (familyOf(address) === undefined)
    report(path, {
      code: 'bad-address',
      message: `${whose}: ${address} is no address`,
      help: 'write it without a prefix length, like 10.244.1.2',
    })
  else if (!isUnicast(address))
    report(path, {
      code: 'address-not-usable',
      message: `${whose}: ${address} is no address that an interface can be reached at`,
      help: 'choose a unicast address, like 10.244.1.2',
    })
}

function checkName(name: string, path: readonly string[], report: Report): void {
  if (NAME.test(name) && !RESERVED.includes(name)) return
  report(path, {
    code: 'bad-name',
    message: `${JSON.stringify(name)} cannot name a place`,
    help: NAME.test(name) ? 'that name is taken; choose another' : 'use 1 to 14 lower-case letters, digits and dashes, a letter first',
  })
}

/** What a command is called, or where it is: what `command -v` can be asked for. */
const TOOL = /^(\/[\w.+-]+)+$|^[\w.+-]+$/
/** Debian Policy 5.6.1; or a Go module's path, which begins with a domain (https://go.dev/ref/mod#module-path) */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+$|^[a-z0-9-]+(\.[a-z0-9-]+)+(\/[\w.~-]+)+$/

function checkNeeds({needs = {}, devices = []}: Declared, report: Report): void {
  for (const device of devices)
    if (!/^\/dev(\/[\w.-]+)+$/.test(device))
      report(['devices'], {code: 'bad-path', message: `${JSON.stringify(device)} is no device file`, help: "like '/dev/net/tun'"})
  for (const [tool, name] of Object.entries(needs)) {
    if (!TOOL.test(tool))
      report(['needs', tool], {
        code: 'bad-tool',
        message: `${JSON.stringify(tool)} is no command`,
        help: "name it as it is typed, without arguments, and its Debian package: bird: 'bird2'",
      })
    if (!PACKAGE.test(name))
      report(['needs', tool], {
        code: 'bad-package',
        message: `${JSON.stringify(name)} is no name of a Debian package or a Go module`,
        help: "name the package that brings the command: bird: 'bird2'",
      })
  }
}

/** What a claim needs is needed without being said. */
function needsOf(scenario: Declared): Need[] {
  const claims = [...scenario.steps, ...scenario.checks].flatMap((step) => (step.kind === 'claim' ? [step.claim] : []))
  const implied = claims.some(({check}) => check === 'wire') ? {tshark: 'tshark'} : {}
  return Object.entries({...implied, ...scenario.needs}).map(([tool, name]) => ({tool, package: name}))
}

/** RFC 791: every IPv4 module forwards 68 bytes; no packet is longer than 65535. */
function checkMtu({mtu}: Declared, report: Report): void {
  if (mtu === undefined || (Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535)) return
  report(['mtu'], {
    code: 'bad-mtu',
    message: `${mtu} is no MTU`,
    help: 'a whole number of bytes with the IP header, 68 to 65535: 1450 for VXLAN over Ethernet',
  })
}

function checkFiles(scenario: Declared, file: string, report: Report): Problem[] {
  for (const {path, from} of filesOf(scenario, file)) {
    if (
      !isAbsolute(path) ||
      normalize(path) !== path ||
      !path.startsWith('/run/') ||
      path.endsWith('/') ||
      `${path}/`.startsWith('/run/netns/')
    )
      report(['files', path], {
        code: 'bad-path',
        message: `${path} is no place for a file`,
        help: 'choose a path below /run, which is each machine’s own, like /run/podwire/net-script.sh',
      })
    const outer = Object.keys(scenario.files ?? {}).find((other) => path.startsWith(`${other}/`))
    if (outer !== undefined)
      report(['files', path], {
        code: 'bad-path',
        message: `${path} cannot be in ${outer}, which is a file itself`,
        help: 'give each file a path that is no folder of another’s',
      })
    if (!statSync(from, {throwIfNoEntry: false})?.isFile())
      report(['files', path], {
        code: 'no-file',
        message: `there is no file ${from}`,
        help: 'name it as seen from the scenario’s own folder',
      })
  }
  return []
}

function filesOf(scenario: Declared, file: string): FileSpec[] {
  const nodes = machinesIn(scenario).map(({name}) => name)
  return Object.entries(scenario.files ?? {}).map(([path, from]) => ({path, from: resolve(dirname(file), from), nodes}))
}

function checkSteps(scenario: Declared): Problem[] {
  const nodes = machinesIn(scenario).map(({name}) => name)
  const places = placeNames(scenario)
  const problems: Problem[] = []
  for (const step of scenario.steps) {
    if (step.kind === 'address') {
      if (!places.includes(step.place)) problems.push(unknownPlace(step.place, places, step.source))
      for (const address of listOf(step.address))
        checkAddress(step.place, address, [], (_, problem) => problems.push({...problem, source: step.source}))
    }
    if (step.kind === 'daemon') problems.push(...checkDaemon(step, places))
    if (step.kind !== 'step') continue
    if (!nodes.includes(step.node))
      problems.push({
        code: 'unknown-node',
        message: `${step.node} is no node of this scenario`,
        source: step.source,
        help: suggestion(step.node, nodes),
      })
    problems.push(...checkLine(step.command, step.source))
  }
  return problems
}

function checkDaemon({place, name, command, ready, source}: DeclaredDaemon, places: readonly string[]): Problem[] {
  const problems: Problem[] = []
  if (!places.includes(place)) problems.push(unknownPlace(place, places, source))
  if (!NAME.test(name))
    problems.push({
      code: 'bad-name',
      message: `${JSON.stringify(name)} cannot name a daemon`,
      source,
      help: 'use 1 to 14 lower-case letters, digits and dashes, a letter first',
    })
  if (command === '' || ready === '')
    problems.push({code: 'empty-command', message: `${command === '' ? 'there is no command to run' : 'no readiness is named'}`, source})
  return [...problems, ...checkLine(command, source), ...(ready === undefined ? [] : checkLine(ready, source))]
}

function placeNames(scenario: Declared): string[] {
  return [...Object.keys(scenario.pods), ...Object.keys(scenario.nodes), ...Object.keys(scenario.hosts ?? {})]
}

function stagesOf(scenario: Declared): Stage[] {
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

function daemonStep(scenario: Declared, {place, name, command, ready, source}: DeclaredDaemon): Step {
  const host = hostsOf(scenario).find((each) => each.name === place)
  const node = scenario.pods[place]?.node ?? host?.node ?? place
  const daemon = {name, place, ...(node !== place && {netns: place}), ...(ready !== undefined && {ready})}
  return {node, command, source, daemon}
}

function shapeProblem(
  path: readonly string[],
  issue: {received: string; expected: string | null; type: string; message: string},
): Omit<Problem, 'source'> {
  const last = path.at(-1) ?? ''
  const known = KEYS[path.length === 1 ? '' : (path[0] ?? '')]
  if (issue.expected === 'never' && known)
    return {code: 'unknown-key', message: `${path.join('.')}: a scenario has no ${last}`, help: suggestion(last, known)}
  if (
    (path[0] === 'steps' || path[0] === 'checks') &&
    (issue.received !== 'undefined' || path.length > 1) &&
    (path.length <= 2 || last === 'kind')
  )
    return {
      code: 'bad-value',
      message: `${path.slice(0, 2).join('.')}: ${path[0] === 'steps' ? 'a step or a claim' : 'a claim'} is expected here`,
      help: path[0] === 'steps' ? "spread a list: ...stage('...'), ...on('node1')`...`" : 'like reach.all()',
    }
  if (issue.received === 'undefined') {
    const code = path[0] === 'pods' && last === 'node' ? 'pod-without-node' : 'missing-key'
    return {
      code,
      message: path[0] === 'pods' && path.length > 1 ? `pod ${path[1]} has no ${last}` : `${path.join('.')} is missing`,
      help: `add ${last}: ...`,
    }
  }
  const expected =
    issue.type === 'union' || issue.type === 'non_empty'
      ? issue.message
      : `${issue.expected ?? 'another value'} is expected here, not ${issue.received}`
  return {code: 'bad-value', message: `${path.join('.')}: ${expected}`}
}

function noScenario(declared: unknown, file: string): Problem {
  const line = defaultExportLine(file)
  return {
    code: 'no-scenario',
    message:
      line === undefined
        ? 'the file exports nothing by default'
        : `what the file exports by default is no scenario, but ${kindOf(declared)}`,
    ...(line !== undefined && {source: {file, line}}),
    help: 'export default scenario({ ... })',
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** scenario({...}) was called, or what it gave was spread. */
function isScenarioCall(declared: unknown): boolean {
  return typeof declared === 'object' && declared !== null && (declared as {kind?: unknown}).kind === 'scenario'
}

/** 192.168.51.11 on 192.168.1.0/24 was probably meant to be 192.168.1.11. */
function nearUnderlay(underlay: string, address: string): string {
  const [network = ''] = underlay.split('/')
  const guess = [...network.split('.').slice(0, 3), address.split('.').at(-1)].join('.')
  return isUsableHost(underlay, guess) ? `did you mean ${guess}?` : `choose one in ${underlay}`
}
