// The documents that --json prints, against the JSON Schemas that describe them to others.
import {readFileSync} from 'node:fs'
import {Ajv2020, type ValidateFunction} from 'ajv/dist/2020.js'
import test from 'ava'
import {requirementsFrom} from '../../harness/checks/requirements.ts'
import {sum} from '../../harness/checks/verdict.ts'
import type {CommandResult} from '../../harness/command.ts'
import {unknown} from '../../harness/compare/measured.ts'
import {STATEMENTS} from '../../harness/documents.ts'
import type {CheckResult, Claim, StageResult} from '../../harness/model.ts'
import {comparisonJson} from '../../harness/report/comparison-json.ts'
import {errorJson, resultJson} from '../../harness/report/json.ts'
import {failuresIn, type Shown, scenarioListJson, scenariosJson, statementRows} from '../../harness/report/statements.ts'
import {topologyOf} from '../../harness/topology/build.ts'
import {COMPARED, COMPARISON} from '../tools/comparison.ts'
import {checkNoNat, checkReach, checkUniqueAddress, findings} from '../tools/findings.ts'
import {podwireAsNobody} from '../tools/podwire.ts'
import {MTU, PLACES, RECORDED, type Recording, recordedFacts, recordedInterfaces, recordedProbes} from '../tools/recorded.ts'
import {RUNS} from '../tools/runs.ts'

type Json = Record<string, unknown>

function schema(kind: string): ValidateFunction {
  const read = (name: string) => JSON.parse(readFileSync(new URL(`../../fixtures/schema/${name}.json`, import.meta.url), 'utf8')) as Json
  const ajv = new Ajv2020({strict: true, allErrors: true})
  return kind === 'facts' ? ajv.compile(read(kind)) : ajv.addSchema(read('facts')).compile(read(kind))
}

const COMMAND: CommandResult = {
  node: 'node1',
  command: 'ip link',
  exitCode: 0,
  stdout: Buffer.from('x'),
  stderr: Buffer.alloc(0),
  startedAt: 1,
  duration: 0.5,
}

const SOURCE = {file: '/three-nodes.ts', line: 30}

const VXLAN = {
  encapsulation: 'vxlan',
  vni: 1,
  port: 8472,
  outer: ['192.168.1.11', '192.168.1.12'],
  inner: ['10.244.1.2', '10.244.2.2'],
} as const

/** One claim of each kind. */
const CLAIMS: readonly Claim[] = [
  {check: 'reach', source: SOURCE},
  {check: 'reach', from: ['pod1'], to: ['10.244.9.9'], fails: {cause: 'no-route', at: 'node1'}, source: SOURCE},
  {check: 'no-nat', from: ['pod1'], to: ['pod2'], source: SOURCE},
  {check: 'unique-address', places: ['pod1', 'pod2'], fails: {cause: 'duplicate-address'}, source: SOURCE},
  {check: 'own-subnet', source: SOURCE},
  {check: 'hops', from: 'pod1', to: 'pod3', routers: 2, source: SOURCE},
  {check: 'command', place: 'pod1', command: 'ip addr', prints: ['10.244.1.2'], exit: 'success', source: SOURCE},
  {check: 'command', place: 'pod1', command: 'ping', prints: ['lost'], exit: 'failure', within: 5_000, source: SOURCE},
  {check: 'reach', from: ['pod1'], to: ['pod3'], only: 'full', within: 5_000, source: SOURCE},
  {check: 'wire', from: 'pod1', to: 'pod3', carries: {encapsulation: 'none', inner: ['10.244.1.2', '10.244.2.2']}, source: SOURCE},
  {check: 'wire', from: 'pod1', to: 'pod3', at: {place: 'node2', device: 'eth0'}, carries: VXLAN, source: SOURCE},
]

const FAILED_AS_CLAIMED: CheckResult = {
  check: 'reach',
  claim: 'reach pod1 -> pod3 fails: no-route at node1',
  verdict: 'pass',
  fails: {cause: 'no-route', at: 'node1'},
  pairs: [{from: 'pod1', to: 'pod3', address: '10.244.2.2', protocol: 'icmp', size: 'small', verdict: 'fail', evidence: ['ENETUNREACH']}],
  evidence: [],
  source: SOURCE,
}

const SAID: CheckResult = {
  check: 'command',
  claim: 'pod1# ip addr',
  verdict: 'fail',
  pairs: [],
  evidence: ['it does not say "10.244.1.2"'],
  command: {place: 'pod1', command: 'ip addr', exitCode: 0, output: ''},
  source: SOURCE,
}

const ON_THE_WIRE: CheckResult = {
  check: 'wire',
  claim: 'wire pod1 -> pod3: vxlan 1',
  verdict: 'pass',
  pairs: [],
  evidence: [],
  wire: {at: 'node1/eth0', frames: [{...VXLAN, length: 134, overhead: 50}]},
  source: SOURCE,
}

const IN_TIME: CheckResult = {...SAID, verdict: 'pass', evidence: [], convergence: {within: 5_000, after: 38, looks: 4}}
const TOO_LATE: CheckResult = {...SAID, convergence: {within: 5_000, after: null, looks: 900}}

const STAGES: readonly StageResult[] = [
  {stage: 1, title: 'a', checks: []},
  {
    stage: 2,
    title: 'c',
    checks: [FAILED_AS_CLAIMED, SAID, ON_THE_WIRE, IN_TIME, TOO_LATE],
    probing: 12.5,
    matrix: [
      {from: 'pod1', to: 'pod2', family: 4, verdict: 'pass'},
      {from: 'pod1', to: 'pod3', family: 6, verdict: 'pass', translated: true},
    ],
    gained: ['pod1 -> pod2', 'pod1 -> pod3 (IPv6)'],
    lost: [],
  },
]

function result(name: Recording): Json {
  const probes = recordedProbes(name)
  const checks = [checkReach(probes), checkNoNat(probes), checkUniqueAddress(PLACES, recordedInterfaces('healthy'))]
  const step = {node: 'node1', command: 'ip link', source: SOURCE}
  const daemon = {...step, daemon: {name: 'bird', place: 'pod1', netns: 'pod1', ready: 'birdc show status'}}
  const document = resultJson({
    lab: 'three-nodes-1',
    scenario: {
      name: 'three-nodes',
      file: '/three-nodes.ts',
      title: 'three nodes',
      shows: ['a sentence'],
      solution: 'Flannel, vxlan',
      needs: [{tool: 'tshark', package: 'tshark'}],
      devices: [],
      mtu: 1450,
      ...RECORDED,
      hosts: [{name: 'laptop', node: 'laptop', address: '192.168.1.50', addresses: ['192.168.1.50', 'fd00::50']}],
      files: [{path: '/run/podwire/net.sh', from: '/net.sh', nodes: ['node1']}],
      stages: [
        {title: 'a', sentence: 'b', steps: [step, daemon], readdressed: {}, claims: []},
        {title: 'c', steps: [], readdressed: {pod1: ['10.244.1.9']}, claims: CLAIMS},
      ],
      claims: CLAIMS,
    },
    driver: {name: 'local', reason: 'asked for', description: 'namespaces of this machine, as root'},
    history: [COMMAND, {...COMMAND, exitCode: null, cause: 'time-limit'}],
    outcome: {
      verdict: sum(checks.map(({verdict}) => verdict)),
      mtu: MTU,
      probes,
      checks,
      requirements: requirementsFrom(PLACES, findings(PLACES, probes, recordedInterfaces('healthy'))),
      stages: STAGES,
    },
    times: {startUp: 1, start: 2, steps: 3, stages: 3.5, checks: 4, dispose: 5, total: 6},
  })
  return JSON.parse(JSON.stringify(document)) as Json
}

const SHOWN: Shown = {
  name: 'three-nodes',
  title: 'three nodes',
  shows: ['a sentence'],
  verdict: 'fail',
  duration: 1.5,
  requirements: [],
  failures: [],
  problem: null,
}

const DOCUMENTS: Readonly<Record<string, Json>> = {
  result: result('healthy'),
  labs: {
    format: 1,
    kind: 'labs',
    labs: [{lab: 'mine', driver: 'local', description: 'x', scenario: '/x.ts', startedAt: new Date(0).toISOString()}],
  },
  error: JSON.parse(
    JSON.stringify(errorJson(2, [{code: 'unknown-node', message: 'x', source: SOURCE, excerpt: 'y', help: ['z']}])),
  ) as Json,
  scenarios: JSON.parse(
    JSON.stringify(
      scenariosJson(
        {name: 'local', reason: 'asked for'},
        [
          {...SHOWN, requirements: [{id: 'same-node', verdict: 'fail', passed: 1, total: 2}], failures: failuresIn([SAID])},
          {...SHOWN, name: 'other', verdict: 'unknown', problem: 'x'},
        ],
        statementRows([...STATEMENTS, {words: 'a sentence', documents: [4]}], [SHOWN]),
      ),
    ),
  ) as Json,
  'scenario-list': scenarioListJson([SHOWN]),
  comparison: JSON.parse(
    JSON.stringify(
      comparisonJson({
        ...COMPARISON,
        networks: [
          COMPARED,
          {...COMPARED, measures: {...COMPARED.measures, growth: unknown('x')}, problem: {kind: 'interrupted', why: 'y'}},
          {...COMPARED, solution: null, pair: null, measures: {}, problem: {kind: 'skipped', why: 'y'}},
        ],
      }),
    ),
  ) as Json,
  topology: {
    format: 1,
    kind: 'topology',
    lab: 'mine',
    ...(JSON.parse(JSON.stringify(topologyOf({facts: recordedFacts(), places: PLACES}, RECORDED.underlay))) as Json),
  },
  cleaned: {format: 1, kind: 'cleaned', removed: ['record of lab mine'], running: ['other']},
  removed: {format: 1, kind: 'removed', removed: ['mine']},
  doctor: {
    format: 1,
    kind: 'doctor',
    ready: true,
    items: [
      {id: 'tool-ip', state: 'ok', what: 'ip'},
      {id: 'docker', state: 'missing', what: 'driver docker', help: 'make engine'},
    ],
  },
}

test('a result with diagnoses fits its schema, and none with a cause of another name or without a place', (t) => {
  const fits = schema('result')
  const {diagnosed = [], ...run} = RUNS.failing()
  const document = JSON.parse(JSON.stringify(resultJson({...run, diagnosed}))) as Json & {diagnoses: Json[]}
  t.is(document.diagnoses.length, 1)
  t.true(fits(document), JSON.stringify(fits.errors))
  const [one = {}] = document.diagnoses
  t.false(fits({...document, diagnoses: [{...one, cause: 'bad-luck'}]}))
  t.false(fits({...document, diagnoses: [{...one, where: {node: 'node2', netns: null}}]}))
  t.false(fits({...document, diagnoses: {}}))
})

test('a run whose facts were kept fits its schema, and not with half a fact', (t) => {
  const fits = schema('result')
  const facts = recordedFacts()
  const made = {podwire: '1', node: 'v24', kernel: 'Linux 6', architecture: 'x64', processors: 2, memory: 1e9, at: 1}
  const ran = {nodes: ['node1', 'node2'], kernel: 'Linux 6', iproute2: '6.1.0'}
  const run = {...RUNS.passing(), facts: {stages: new Map([[1, facts]]), end: facts}, made: {...made, nodes: [ran]}}
  const stages = [{stage: 1, title: 'x', checks: []}]
  const document = JSON.parse(JSON.stringify(resultJson({...run, outcome: {...run.outcome, stages}}))) as Json & {
    facts: Record<string, Json>
  }
  t.true(fits(document), JSON.stringify(fits.errors?.slice(0, 5)))
  t.deepEqual(document.facts, (document.stages as {facts: unknown}[])[0]?.facts)
  const {node1: {routes: _, ...node1} = {}, ...others} = document.facts
  t.false(fits({...document, facts: {...others, node1}}))
  t.false(fits({...document, facts: {...others, node1: undefined, node2: 'down'}}))
  t.true(fits({...document, facts: {...others, node1: null}}))
  t.false(fits({...document, made: {...made, at: 'today'}}))
  t.false(fits({...document, made: {...made, nodes: [{...ran, nodes: []}]}}))
})

test('an error of a run that was cut short fits its schema, and not with another exit code or half a run', (t) => {
  const fits = schema('error')
  for (const make of [RUNS.interrupted, RUNS.refused, RUNS.unable, RUNS.unreadable]) {
    const {exit, problems, step, sofar} = make()
    const document = JSON.parse(JSON.stringify(errorJson(exit, problems, step, sofar))) as Json
    t.true(fits(document), JSON.stringify(fits.errors))
    t.false(fits({...document, exit: 4}))
    t.false(fits({...document, run: {lab: 'x'}}))
  }
})

for (const [kind, document] of Object.entries(DOCUMENTS)) {
  test(`a ${kind} document fits its schema, and not with a key too many, one too few or another format`, (t) => {
    const fits = schema(kind)
    t.true(fits(document), JSON.stringify(fits.errors))
    t.false(fits({...document, more: 1}))
    t.false(fits({...document, format: 2}))
    t.false(fits({...document, kind: 'other'}))
    for (const key of Object.keys(document)) {
      const {[key]: _, ...rest} = document
      t.false(fits(rest), key)
    }
  })
}

for (const name of ['masquerade', 'forwarding-off', 'no-namespace'] satisfies Recording[]) {
  test(`the result of a lab that is ${name} fits its schema`, (t) => {
    const fits = schema('result')
    t.true(fits(result(name)), JSON.stringify(fits.errors))
  })
}

const BROKEN: Readonly<Record<string, {at: readonly (string | number)[]; value: unknown}>> = {
  'a verdict of another word': {at: ['verdict'], value: 'passed'},
  'an exit code and a cause': {at: ['history', 0, 'cause'], value: 'time-limit'},
  'neither an exit code nor a cause': {at: ['history', 0, 'exitCode'], value: null},
  'an exit code above 255': {at: ['history', 0, 'exitCode'], value: 256},
  'a probe that says no instead of null': {at: ['probes', 0, 'answered'], value: 'unknown'},
  'a probe that was seen nowhere': {at: ['probes', 0, 'request', 'seenAt'], value: undefined},
  'a negative time': {at: ['times', 'steps'], value: -1},
  'a time of another name': {at: ['times', 'elapsed'], value: 1},
  'a pair of another protocol': {at: ['checks', 0, 'pairs', 0, 'protocol'], value: 'sctp'},
  'a requirement without pairs': {at: ['requirements', 0, 'total'], value: 0},
  'a step on line 0': {at: ['scenario', 'stages', 0, 'steps', 0, 'source', 'line'], value: 0},
  'a probe of a third family': {at: ['probes', 0, 'family'], value: 5},
  'a probe to no address': {at: ['probes', 0, 'address'], value: undefined},
  'a cause that there is not': {at: ['stages', 1, 'checks', 0, 'fails', 'cause'], value: 'gremlins'},
  'a check without its claim': {at: ['checks', 0, 'claim'], value: undefined},
  'a command that came to nothing': {at: ['stages', 1, 'checks', 1, 'command', 'exitCode'], value: undefined},
  'a stage that looked and does not say what turned': {at: ['stages', 1, 'gained'], value: undefined},
  'a pair that was not translated and says so': {at: ['stages', 1, 'matrix', 0, 'translated'], value: false},
  'a stage of number 0': {at: ['stages', 0, 'stage'], value: 0},
  'a claim of another kind': {at: ['scenario', 'stages', 1, 'claims', 0, 'check'], value: 'latency'},
  'a claim of hops that counts none': {at: ['scenario', 'stages', 1, 'claims', 5, 'routers'], value: undefined},
  'a pod without addresses': {at: ['scenario', 'pods', 0, 'addresses'], value: []},
  'a file that goes nowhere': {at: ['scenario', 'files', 0, 'path'], value: undefined},
  'a scenario that does not say what it shows': {at: ['scenario', 'shows'], value: undefined},
  'a requirement that may be stronger': {at: ['requirements', 0, 'stronger'], value: undefined},
  'a scenario without nodes': {at: ['scenario', 'nodes'], value: []},
}

for (const [title, {at, value}] of Object.entries(BROKEN)) {
  test(`${title} does not fit the result’s schema`, (t) => {
    const document = result('healthy')
    const last = at.at(-1) ?? ''
    let inner: Json = document
    for (const key of at.slice(0, -1)) inner = inner[key] as Json
    if (value === undefined) delete inner[last]
    else inner[last] = value
    t.false(schema('result')(document))
  })
}

test('the error of a refused step has the step as it ended, to the letter', (t) => {
  const stderr = '\x1b[31mred'
  const fits = schema('error')
  const message = {code: 'step-failed', message: 'node1 refused a step, exit 2'}
  const document = JSON.parse(JSON.stringify(errorJson(1, [message], {...COMMAND, exitCode: 2, stderr: Buffer.from(stderr)}))) as Json
  t.true(fits(document), JSON.stringify(fits.errors))
  t.is((document.step as Json).stderr, stderr)
  t.false(fits({...document, exit: 0}))
  t.false(fits({...document, problems: []}))
  t.false(fits({...document, step: {...(document.step as Json), exitCode: 'two'}}))
})

test('what ls prints fits its schema', async (t) => {
  const {stdout} = await podwireAsNobody(['ls', '--json'], {XDG_RUNTIME_DIR: '/nowhere'})
  t.true(schema('labs')(JSON.parse(stdout)))
})

test('what scenarios --list prints fits its schema', async (t) => {
  const {stdout} = await podwireAsNobody(['scenarios', '--list', '--json'])
  const fits = schema('scenario-list')
  t.true(fits(JSON.parse(stdout)), JSON.stringify(fits.errors))
})

test('a scenario’s failed claims and requirements are told in full, or do not fit', (t) => {
  const fits = schema('scenarios')
  const changed = (change: (scenario: Json) => Json) => {
    const document = DOCUMENTS.scenarios as Json
    const [first, ...others] = document.scenarios as Json[]
    return {...document, scenarios: [change(first as Json), ...others]}
  }
  t.true(fits(changed((scenario) => scenario)))
  for (const key of ['requirements', 'failures', 'problem', 'verdict', 'shows']) t.false(fits(changed(({[key]: _, ...rest}) => rest)), key)
  t.false(fits(changed((scenario) => ({...scenario, failures: ['a line']}))))
  t.false(fits(changed((scenario) => ({...scenario, failures: [{claim: 'reach', verdict: 'pass', evidence: []}]}))))
  t.false(fits(changed((scenario) => ({...scenario, requirements: [{id: 'same-node', verdict: 'pass'}]}))))
  t.false(fits({...(DOCUMENTS.scenarios as Json), driver: 'local'}))
})

test('a figure of a comparison is a value or a reason, never both or neither', (t) => {
  const fits = schema('comparison')
  const document = (hops: unknown) => comparisonJson({...COMPARISON, networks: [{...COMPARED, measures: {hops} as never}]})
  t.true(fits(document({value: {ttl: 62, routers: 2}, unknown: null})), JSON.stringify(fits.errors))
  t.true(fits(document({value: null, unknown: 'x'})))
  t.false(fits(document({value: null, unknown: null})))
  t.false(fits(document({value: {ttl: 62, routers: 2}, unknown: 'x'})))
  t.false(fits(document({value: {ttl: 62}, unknown: null})))
  t.false(fits(comparisonJson({...COMPARISON, networks: [{...COMPARED, measures: {jitter: unknown('x')} as never}]})))
})
