// From a declaration to a Scenario, or to all of its problems at once. Nothing has been started when this runs.
import {spawnSync} from 'node:child_process'
import * as v from 'valibot'
import {contains, familyOf, isPrefix, isUsableHost} from '../address.ts'
import type {NodeSpec, PodSpec, Scenario, Stage, Step} from '../model.ts'
import type {DeclaredScenario} from '../scenario.ts'
import {lineOf} from './locate.ts'
import {type Problem, ScenarioError, suggestion} from './problem.ts'

/** Names become host names, interface names (at most 15 bytes, netdevice(7)) and file names under /run/netns. */
const NAME = /^[a-z][a-z0-9-]{0,13}$/

const declarationShape = v.strictObject({
  kind: v.literal('scenario'),
  title: v.pipe(v.string(), v.nonEmpty()),
  underlay: v.string(),
  nodes: v.record(v.string(), v.string()),
  pods: v.record(v.string(), v.strictObject({node: v.string(), address: v.string()})),
  steps: v.array(
    v.union([
      v.strictObject({kind: v.literal('stage'), title: v.string(), sentence: v.optional(v.string())}),
      v.strictObject({
        kind: v.literal('step'),
        node: v.string(),
        command: v.string(),
        source: v.strictObject({file: v.string(), line: v.number()}),
      }),
    ]),
  ),
  checks: v.array(v.strictObject({check: v.picklist(['reach', 'no-nat', 'unique-address'])})),
})

const KEYS: Record<string, readonly string[]> = {
  '': ['title', 'underlay', 'nodes', 'pods', 'steps', 'checks'],
  pods: ['node', 'address'],
}

type Declared = DeclaredScenario

/**
 * @param declared what the file exports by default
 * @throws ScenarioError with every problem found
 */
export function validate(declared: unknown, name: string, file: string): Scenario {
  const shape = v.safeParse(declarationShape, declared)
  const problems: Problem[] = []
  const report = (path: readonly string[], problem: Omit<Problem, 'source'>) => {
    const line = lineOf(file, path)
    problems.push({...problem, ...(line !== undefined && {source: {file, line}})})
  }
  if (!shape.success) {
    for (const issue of shape.issues) {
      const path = (issue.path ?? []).map(({key}) => String(key))
      report(path, shapeProblem(path, issue))
    }
    throw new ScenarioError(problems)
  }
  const scenario = shape.output as Declared
  checkNodes(scenario, report)
  checkPods(scenario, report)
  problems.push(...checkSteps(scenario))
  if (problems.length > 0) throw new ScenarioError(problems)
  return {
    name,
    file,
    title: scenario.title,
    underlay: scenario.underlay,
    nodes: nodesOf(scenario),
    pods: Object.entries(scenario.pods).map(([pod, spec]): PodSpec => ({name: pod, ...spec})),
    stages: stagesOf(scenario),
    claims: scenario.checks,
  }
}

type Report = (path: readonly string[], problem: Omit<Problem, 'source'>) => void

function nodesOf(scenario: Declared): NodeSpec[] {
  return Object.entries(scenario.nodes).map(([name, address]) => ({name, address}))
}

function checkNodes(scenario: Declared, report: Report): void {
  if (!isPrefix(scenario.underlay)) {
    report(['underlay'], {
      code: 'bad-prefix',
      message: `${scenario.underlay} is no network in CIDR notation`,
      help: 'write it like 192.168.1.0/24, with no host bits set',
    })
    return
  }
  const holder = new Map<string, string>()
  for (const {name, address} of nodesOf(scenario)) {
    const path = ['nodes', name]
    checkName(name, path, report)
    const first = holder.get(address)
    if (familyOf(address) === undefined) report(path, {code: 'bad-address', message: `${name}: ${address} is no address`})
    else if (!contains(scenario.underlay, address)) {
      report(path, {
        code: 'address-outside-underlay',
        message: `${name}: ${address} is not on the underlay`,
        note: `the underlay is ${scenario.underlay}`,
        help: nearUnderlay(scenario.underlay, address),
      })
    } else if (!isUsableHost(scenario.underlay, address)) {
      report(path, {
        code: 'address-not-usable',
        message: `${name}: ${address} is the network's own first or last address`,
        note: `the underlay is ${scenario.underlay}`,
      })
    } else if (first !== undefined) {
      report(path, {
        code: 'two-nodes-one-address',
        message: `${name} and ${first} are both at ${address}`,
        help: 'give each node an address of its own',
      })
    }
    holder.set(address, first ?? name)
  }
  if (holder.size === 0) report(['nodes'], {code: 'no-nodes', message: 'a scenario needs at least one node'})
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
    if (familyOf(address) === undefined)
      report(['pods', name, 'address'], {
        code: 'bad-address',
        message: `pod ${name}: ${address} is no address`,
        help: 'write it without a prefix length, like 10.244.1.2',
      })
  }
}

function checkName(name: string, path: readonly string[], report: Report): void {
  if (NAME.test(name)) return
  report(path, {
    code: 'bad-name',
    message: `${JSON.stringify(name)} cannot name a place`,
    help: 'use 1 to 14 lower-case letters, digits and dashes, a letter first',
  })
}

function checkSteps(scenario: Declared): Problem[] {
  const nodes = Object.keys(scenario.nodes)
  const problems: Problem[] = []
  for (const step of scenario.steps) {
    if (step.kind !== 'step') continue
    if (!nodes.includes(step.node))
      problems.push({
        code: 'unknown-node',
        message: `${step.node} is no node of this scenario`,
        source: step.source,
        help: suggestion(step.node, nodes),
      })
    const complaint = shellComplaint(step.command)
    if (complaint !== undefined)
      problems.push({code: 'unfinished-line', message: `bash cannot read this line`, source: step.source, note: complaint})
  }
  return problems
}

/** What bash says of a line's syntax, undefined when it reads it. `bash -n` reads and runs nothing (bash(1)). */
function shellComplaint(command: string): string | undefined {
  if (/^[a-z][\w ./:@%+=,-]*$/.test(command) && !/^(if|for|while|until|case|select|function|coproc|do|done|then|fi|esac)\b/.test(command))
    return undefined
  const read = spawnSync('bash', ['-n', '-c', command], {encoding: 'utf8', env: {PATH: process.env.PATH, LC_ALL: 'C'}})
  if (read.status === 0) return undefined
  return (
    read.stderr
      .trim()
      .split('\n')[0]
      ?.replace(/^bash: -c: line \d+: /, '') || 'a line cannot end in a backslash here'
  )
}

function stagesOf(scenario: Declared): Stage[] {
  const stages: {title: string; sentence?: string; steps: Step[]}[] = []
  for (const step of scenario.steps) {
    if (step.kind === 'stage') stages.push({title: step.title, ...(step.sentence !== undefined && {sentence: step.sentence}), steps: []})
    else {
      if (stages.length === 0) stages.push({title: scenario.title, steps: []})
      stages.at(-1)?.steps.push({node: step.node, command: step.command, source: step.source})
    }
  }
  return stages
}

function shapeProblem(path: readonly string[], issue: {received: string; expected: string | null; type: string}): Omit<Problem, 'source'> {
  const last = path.at(-1) ?? 'default export'
  const known = KEYS[path.length === 1 ? '' : (path[0] ?? '')]
  if (issue.expected === 'never' && known)
    return {code: 'unknown-key', message: `${path.join('.')}: a scenario has no ${last}`, help: suggestion(last, known)}
  if (issue.received === 'undefined') {
    const code = path[0] === 'pods' && last === 'node' ? 'pod-without-node' : 'missing-key'
    return {
      code,
      message: path[0] === 'pods' && path.length > 1 ? `pod ${path[1]} has no ${last}` : `${path.join('.') || 'the file'} is missing`,
      help: path.length === 0 ? 'export default scenario({ ... })' : `add ${last}: ...`,
    }
  }
  return {
    code: 'bad-value',
    message: `${path.join('.') || 'the default export'}: ${issue.expected ?? 'another value'} is expected here, not ${issue.received}`,
  }
}

/** 192.168.51.11 on 192.168.1.0/24 was probably meant to be 192.168.1.11. */
function nearUnderlay(underlay: string, address: string): string {
  const [network = ''] = underlay.split('/')
  const guess = [...network.split('.').slice(0, 3), address.split('.').at(-1)].join('.')
  return isUsableHost(underlay, guess) ? `did you mean ${guess}?` : `choose one in ${underlay}`
}
