// The documents that --json prints, against the JSON Schemas that describe them to others.
import {readFileSync} from 'node:fs'
import {Ajv2020, type ValidateFunction} from 'ajv/dist/2020.js'
import test from 'ava'
import {checkNoNat} from '../../harness/checks/no-nat.ts'
import {checkReach} from '../../harness/checks/reach.ts'
import {requirementsFrom} from '../../harness/checks/requirements.ts'
import {checkUniqueAddress} from '../../harness/checks/unique-address.ts'
import {sum} from '../../harness/checks/verdict.ts'
import type {CommandResult} from '../../harness/command.ts'
import {resultJson} from '../../harness/report/json.ts'
import {podwireAsNobody} from '../tools/podwire.ts'
import {MTU, PLACES, RECORDED, type Recording, recordedInterfaces, recordedProbes} from '../tools/recorded.ts'

type Json = Record<string, unknown>

function schema(kind: string): ValidateFunction {
  const text = readFileSync(new URL(`../../fixtures/schema/${kind}.json`, import.meta.url), 'utf8')
  return new Ajv2020({strict: true, allErrors: true}).compile(JSON.parse(text) as Json)
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

function result(name: Recording): Json {
  const probes = recordedProbes(name)
  const checks = [checkReach(probes), checkNoNat(probes), checkUniqueAddress(PLACES, recordedInterfaces('healthy'))]
  const step = {node: 'node1', command: 'ip link', source: {file: '/three-nodes.ts', line: 30}}
  const document = resultJson({
    lab: 'three-nodes-1',
    scenario: {
      name: 'three-nodes',
      file: '/three-nodes.ts',
      title: 'three nodes',
      ...RECORDED,
      stages: [
        {title: 'a', sentence: 'b', steps: [step]},
        {title: 'c', steps: []},
      ],
      claims: [{check: 'reach'}],
    },
    driver: {name: 'local', reason: 'asked for', description: 'namespaces of this machine, as root'},
    history: [COMMAND, {...COMMAND, exitCode: null, cause: 'time-limit'}],
    outcome: {verdict: sum(checks.map(({verdict}) => verdict)), mtu: MTU, probes, checks, requirements: requirementsFrom(PLACES, checks)},
    times: {startUp: 1, start: 2, steps: 3, checks: 4, dispose: 5, total: 6},
  })
  return JSON.parse(JSON.stringify(document)) as Json
}

const DOCUMENTS: Readonly<Record<string, Json>> = {
  result: result('healthy'),
  labs: {
    format: 1,
    kind: 'labs',
    labs: [{lab: 'mine', driver: 'local', description: 'x', scenario: '/x.ts', startedAt: new Date(0).toISOString()}],
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

test('what ls prints fits its schema', async (t) => {
  const {stdout} = await podwireAsNobody(['ls', '--json'], {XDG_RUNTIME_DIR: '/nowhere'})
  t.true(schema('labs')(JSON.parse(stdout)))
})
