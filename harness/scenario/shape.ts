// The shape of a declaration, and what is told of one that has another.
import * as v from 'valibot'
import {ENCAPSULATIONS, PACKET_SIZES, PROTOCOLS} from '../model.ts'
import {defaultExportLine} from './locate.ts'
import {type Problem, suggestion} from './problem.ts'

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

export const declarationShape = v.strictObject({
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

export function shapeProblem(
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

export function noScenario(declared: unknown, file: string): Problem {
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
export function isScenarioCall(declared: unknown): boolean {
  return typeof declared === 'object' && declared !== null && (declared as {kind?: unknown}).kind === 'scenario'
}
