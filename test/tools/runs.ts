// Runs that ended in each of the ways that a run can end, made of what was recorded: what the report formats are tested with.
import {requirementsFrom} from '../../harness/checks/requirements.ts'
import {sum} from '../../harness/checks/verdict.ts'
import type {CommandResult} from '../../harness/command.ts'
import {diagnose} from '../../harness/diagnose/diagnose.ts'
import type {CheckResult, Claim, Probe, Scenario, Stage} from '../../harness/model.ts'
import {withPaths} from '../../harness/report/diagnosed.ts'
import type {CutShort} from '../../harness/report/ended.ts'
import type {ResultSource} from '../../harness/report/json.ts'
import {withoutRoute} from './changed-facts.ts'
import {checkNoNat, checkReach, checkUniqueAddress, findings} from './findings.ts'
import {MTU, PLACES, RECORDED, recordedInterfaces, recordedProbes} from './recorded.ts'

export const ROOT = '/home/me/work'
const FILE = `${ROOT}/scenarios/three-nodes.ts`

const step = (node: string, command: string, line: number) => ({node, command, source: {file: FILE, line}})
const ROUTE = step('node1', 'ip route add 10.244.2.0/24 via 192.168.1.12', 21)
const STAGES: readonly Stage[] = [
  {
    title: 'a bridge on each node',
    steps: [step('node1', 'ip link add v-net-0 type bridge', 12), step('node2', 'ip link add v-net-0 type bridge', 15)],
    readdressed: {},
    claims: [],
  },
  {
    title: 'routes <between> the nodes & pods',
    steps: [ROUTE],
    readdressed: {},
    claims: [],
  },
]
const CLAIMS: readonly Claim[] = [
  {check: 'reach', source: {file: FILE, line: 30}},
  {check: 'no-nat', source: {file: FILE, line: 31}},
]

const SCENARIO: Scenario = {
  name: 'three-nodes',
  file: FILE,
  title: 'three nodes | wired by hand',
  shows: [],
  ...RECORDED,
  files: [],
  needs: [],
  devices: [],
  stages: STAGES,
  claims: CLAIMS,
}

function ran(command: string, node = 'node1', changes: Partial<CommandResult> = {}): CommandResult {
  const nothing = Buffer.alloc(0)
  return {node, command, exitCode: 0, stdout: nothing, stderr: nothing, startedAt: Date.UTC(2026, 0, 2), duration: 1.25, ...changes}
}

const HISTORY = STAGES.flatMap(({steps}) => steps.map(({node, command}) => ran(command, node)))
const driver = {name: 'local', reason: 'asked for', description: 'namespaces of this machine, as root'}

function result(probes: readonly Probe[], changes: Partial<ResultSource> = {}): ResultSource {
  const at = (check: CheckResult, line: number): CheckResult => ({...check, source: {file: FILE, line}})
  const interfaces = recordedInterfaces('healthy')
  const checks = [at(checkReach(probes), 30), at(checkNoNat(probes), 31), at(checkUniqueAddress(PLACES, interfaces), 32)]
  return {
    lab: 'three-nodes-1',
    scenario: SCENARIO,
    driver,
    history: HISTORY,
    outcome: {
      verdict: sum(checks.map(({verdict}) => verdict)),
      mtu: MTU,
      probes,
      checks,
      requirements: requirementsFrom(PLACES, findings(PLACES, probes, interfaces)),
      stages: [],
    },
    times: {start: 100, steps: 20, checks: 50, total: 1234.5},
    ...changes,
  }
}

export const passing = (): ResultSource => result(recordedProbes('healthy'))

/** node2's route to node1's pods is gone, and what follows is named. */
function failing(): ResultSource {
  const probes = recordedProbes('healthy').map((probe): Probe => {
    const lost = /^pod[12]$/.test(probe.from) && probe.to === 'pod3'
    return lost ? {...probe, answered: false, error: 'no-answer', reply: {}} : probe
  })
  const facts = withoutRoute('node2', '10.244.1.0/24')
  const concerned = probes.filter(({answered}) => answered === false)
  const diagnoses = diagnose({places: PLACES, facts, probes: concerned, mtu: MTU, history: []})
  return result(probes, {diagnosed: withPaths({diagnoses, facts, places: PLACES, probes})})
}

const sofar = {
  lab: 'three-nodes-1',
  scenario: SCENARIO,
  driver,
  history: HISTORY.slice(0, 2),
  stages: [{stage: 1, title: 'a bridge on each node', checks: []}],
  times: {total: 300},
}

export const interrupted = (): CutShort => ({
  reference: 'three-nodes',
  exit: 130,
  problems: [{code: 'interrupted', message: 'interrupted at stage 2 of 2'}],
  sofar,
})

/** A line that the kernel refused. */
function refused(): CutShort {
  const {command, source} = ROUTE
  const refusal = ran(command, 'node1', {exitCode: 2, stderr: Buffer.from('Error: Nexthop has invalid gateway.\n')})
  return {
    reference: 'three-nodes',
    exit: 1,
    problems: [
      {
        code: 'step-failed',
        message: 'node1 refused a step, exit 2',
        source,
        excerpt: command,
        said: {command, text: 'Error: Nexthop has invalid gateway.'},
        help: ['did you mean 192.168.1.11?'],
      },
    ],
    step: refusal,
    sofar: {...sofar, history: [...HISTORY.slice(0, 2), refusal]},
  }
}

/** A machine that cannot: nothing had started. */
const unable = (): CutShort => ({
  reference: './mine/three-nodes.ts',
  exit: 3,
  problems: [{code: 'no-namespaces', message: 'user namespaces are not allowed here', help: ['run as root']}],
  sofar: {...sofar, history: []},
})

/** A scenario that could not be read. */
const unreadable = (): CutShort => ({
  reference: './mine/broken.ts',
  exit: 2,
  problems: [
    {code: 'unknown-node', message: 'nod2 is no node', source: {file: `${ROOT}/mine/broken.ts`, line: 8}, help: ['did you mean node2?']},
  ],
})

export const RUNS = {passing, failing, interrupted, refused, unable, unreadable} as const
