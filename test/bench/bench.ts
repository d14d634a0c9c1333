// How fast, how large: each figure next to its floor, measured in the same run. `npm run bench`, or with names of figures.
import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {loadavg, tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import Table from 'cli-table3'
import type {Driver} from '../../harness/driver.ts'
import {readFacts} from '../../harness/facts/read.ts'
import {carryOut, startLab} from '../../harness/lab.ts'
import {placesOf} from '../../harness/model.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {writeManyPods} from './many-pods.ts'
import {solutionFigures} from './solutions.ts'
import {turnings} from './ui.ts'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const PODWIRE = here('../../harness/cli/podwire')
const ROUNDS = 7
const scratch = mkdtempSync(join(tmpdir(), 'podwire-bench-'))
/** As nodes see it: node_modules/.bin has commands of the same names. */
const environment = {...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}

interface Sample {
  readonly milliseconds: number
  /** Peak of all its processes together, pages that several share counted once (proportional set size, proc_pid_smaps(5)). */
  readonly megabytes: number
  readonly stdout: string
}

export interface Figure {
  readonly name: string
  readonly limit: string
  readonly measured: string
  readonly floor: string
}

const figures: Record<string, () => Promise<Figure[]>> = {
  local,
  docker,
  pods,
  facts,
  diagnose,
  ui,
  ssh,
  page,
  solutions: () => solutionFigures(PODWIRE),
}
const asked = process.argv.slice(2)
const table = new Table({
  head: ['figure', 'at most', 'measured', 'beside it, in the same run'],
  style: {head: [], border: [], compact: true},
})
try {
  for (const [name, measure] of Object.entries(figures)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    for (const figure of await measure()) table.push([figure.name, figure.limit, figure.measured, figure.floor])
  }
  console.log(table.toString())
  console.log(`medians of ${ROUNDS} rounds, lowest and highest in brackets`)
} finally {
  rmSync(scratch, {recursive: true, force: true})
}

async function local(): Promise<Figure[]> {
  const steps = join(scratch, 'steps')
  const scenario = await loadScenario('three-nodes')
  writeFileSync(steps, scenario.stages.flatMap((stage) => stage.steps.map(({node, command}) => `${node} ${command}\n`)).join(''))
  const mininet = spawnSync('mn', ['--version'], {env: environment}).status === 0
  const ours: Sample[] = []
  const script: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await sample([PODWIRE, 'run', 'three-nodes', '--driver', 'local', '--json']))
    script.push(
      (await sample(['unshare', '--net', '--mount', '--propagation', 'private', 'bash', here('three-nodes.sh'), steps])).milliseconds,
    )
    if (mininet)
      theirs.push(
        (await sample(['unshare', '--net', '--mount', '--propagation', 'private', '/usr/bin/python3', here('three-nodes-mininet.py')]))
          .milliseconds,
      )
  }
  const whole = ours.map(({milliseconds}) => milliseconds)
  const times = ours.map(({stdout}) => (JSON.parse(stdout) as {times: Record<string, number>}).times)
  const lab = times.map(({start = 0, steps: lines = 0}) => start + lines)
  const besides = [
    `plain shell script with 42 pings ${spread(script)} (${ratio(whole, script)})`,
    mininet ? `Mininet, ICMP alone ${spread(theirs)} (${ratio(whole, theirs)})` : 'Mininet is not installed: make bench',
  ]
  return [
    {name: 'local: three-nodes, every check, whole process', limit: '1000 ms', measured: spread(whole), floor: besides.join('\n')},
    {
      name: 'local: its memory, all processes',
      limit: '200 MB',
      measured: `${Math.max(...ours.map(({megabytes}) => megabytes)).toFixed(0)} MB`,
      floor: '',
    },
    {name: 'local: nodes and steps alone', limit: '200 ms', measured: spread(lab), floor: ''},
  ]
}

async function docker(): Promise<Figure[]> {
  const name = 'docker: three-nodes, every check, image present'
  const {findEngine} = await import('../../harness/drivers/docker/engine.ts')
  const engine = await findEngine()
  if (!engine) return [{name, limit: '3000 ms', measured: 'no engine: make engine', floor: ''}]
  const host = engine.description.split(' at ')[1] ?? ''
  await sample([PODWIRE, 'run', 'three-nodes', '--driver', 'docker', '--json']) // makes the image where it is missing
  const ours: number[] = []
  const bare: number[] = []
  const line =
    'for n in 1 2 3; do docker run -d --rm --name podwire-bench-$n podwire-node:latest sleep 60; done; docker rm -f podwire-bench-1 podwire-bench-2 podwire-bench-3'
  for (let round = 0; round < ROUNDS; round++) {
    ours.push((await sample([PODWIRE, 'run', 'three-nodes', '--driver', 'docker', '--json'])).milliseconds)
    bare.push((await sample(['sh', '-ec', line], {DOCKER_HOST: host})).milliseconds)
  }
  return [
    {name, limit: '3000 ms', measured: spread(ours), floor: `three bare docker run and docker rm ${spread(bare)} (${ratio(ours, bare)})`},
  ]
}

async function pods(): Promise<Figure[]> {
  const file = writeManyPods(join(scratch, 'thirty-pods.ts'), 10)
  const checks: number[] = []
  const whole: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const {stdout, milliseconds} = await sample([PODWIRE, 'run', file, '--driver', 'local', '--json'])
    checks.push((JSON.parse(stdout) as {times: Record<string, number>}).times.checks ?? Number.NaN)
    whole.push(milliseconds)
  }
  return [
    {
      name: 'local: all pairs of 30 pods and 3 nodes, 6,336 exchanges, NAT proof',
      limit: '1500 ms',
      measured: spread(checks),
      floor: `the whole process, 201 steps with it ${spread(whole)}`,
    },
  ]
}

/** All facts of one node of the three, its two pods with it; beside it, as many plain processes as that takes. */
async function facts(): Promise<Figure[]> {
  const {localDriver} = await import('../../harness/drivers/local.ts')
  const {findEngine} = await import('../../harness/drivers/docker/engine.ts')
  const found = [await factsOn('local', '60 ms', localDriver())]
  if (!(await findEngine()))
    return [...found, {name: 'docker: facts of a node', limit: '250 ms', measured: 'no engine: make engine', floor: ''}]
  const {dockerDriver} = await import('../../harness/drivers/docker.ts')
  return [...found, await factsOn('docker', '250 ms', dockerDriver())]
}

async function factsOn(name: string, limit: string, driver: Driver): Promise<Figure> {
  const scenario = await loadScenario('three-nodes')
  const places = placesOf(scenario).filter(({node}) => node === 'node1')
  await using lab = await startLab(`bench-facts-${process.pid}`, scenario, driver)
  await carryOut(lab)
  const ours: number[] = []
  const bare: number[] = []
  // For each namespace: nsenter and bash, ip three times, bridge, nft, tc, ss, grep; namespaces side by side.
  const plain = places.map(() => '(for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done) &').join(' ')
  for (let round = 0; round < 3 * ROUNDS; round++) {
    const begun = performance.now()
    await readFacts(lab.fleet, places)
    ours.push(performance.now() - begun)
    const between = performance.now()
    await lab.fleet.run('node1', `{ ${plain} wait; }`, {shell: 'observer'})
    bare.push(performance.now() - between)
  }
  return {
    name: `${name}: facts of a node with two pods`,
    limit,
    measured: spread(ours),
    floor: `as many times /bin/true ${spread(bare)} (${ratio(ours, bare)})`,
  }
}

/** A lab that is up and has one fault, looked at; beside it what looks at the same and diagnoses nothing. */
async function diagnose(): Promise<Figure[]> {
  const fault = ['node1', '--', 'ip', 'route', 'del', '10.244.2.0/24']
  const pair = await diagnosed('three-nodes', fault, [
    {name: 'diagnose pod1 pod3, three nodes', limit: '1000 ms', argv: ['diagnose', 'pod1', 'pod3', '--no-trial']},
    {name: 'diagnose pod1 pod3, the fix tried on a copy', limit: '2500 ms', argv: ['diagnose', 'pod1', 'pod3']},
  ])
  const all = {name: 'diagnose, all pairs of 30 pods, 220 of 1,056 fail', limit: '3000 ms', argv: ['diagnose', '--no-trial']}
  return [...pair, ...(await diagnosed(writeManyPods(join(scratch, 'diagnosed-pods.ts'), 10), fault, [all]))]
}

/** podwire ui over a lab, and a route that is deleted in its shell; beside it the look alone in which that is seen. */
async function ui(): Promise<Figure[]> {
  const many = writeManyPods(join(scratch, 'ui-pods.ts'), 10)
  const found: Figure[] = []
  for (const [scenario, what, limit] of [
    ['three-nodes', 'three nodes', '1000 ms'],
    [many, '30 pods', '2000 ms'],
  ] as const) {
    const lab = `bench-ui-${process.pid}`
    await sample([PODWIRE, 'up', scenario, '--name', lab, '--driver', 'local', '--json'])
    try {
      const {turned, looks} = await turnings(PODWIRE, environment, lab, ROUNDS)
      const floor = `the look at it alone ${spread(looks)} (${ratio(turned, looks)})`
      found.push({name: `ui: a route deleted in a shell turns the matrix, ${what}`, limit, measured: spread(turned), floor})
    } finally {
      await sample([PODWIRE, 'down', lab])
    }
  }
  return found
}

interface Diagnosed {
  readonly name: string
  readonly limit: string
  readonly argv: readonly string[]
}

async function diagnosed(scenario: string, fault: readonly string[], asked: readonly Diagnosed[]): Promise<Figure[]> {
  const lab = `bench-diagnose-${process.pid}`
  const podwire = async (...argv: string[]) => (await sample([PODWIRE, ...argv], {}, [0, 1])).milliseconds
  await podwire('up', scenario, '--name', lab, '--driver', 'local', '--json')
  try {
    await podwire('exec', '--lab', lab, ...fault)
    const ours = asked.map((): number[] => [])
    const [version, bare]: [number[], number[]] = [[], []]
    // As many pairs, the facts and the packets alone.
    const beside = asked.some(({argv}) => argv.includes('pod1')) ? ['trace', 'pod1', 'pod3'] : ['check']
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, {argv}] of asked.entries()) ours[index]?.push(await podwire(...argv, '--lab', lab, '--json'))
      version.push(await podwire('--version'))
      bare.push(await podwire(...beside, '--lab', lab, '--patience', '0.25', '--json'))
    }
    return asked.map(({name, limit}, index) => ({
      name,
      limit,
      measured: spread(ours[index] ?? []),
      floor: [
        `podwire --version ${spread(version)}`,
        `podwire ${beside.join(' ')} ${spread(bare)} (${ratio(ours[index] ?? [], bare)})`,
      ].join('\n'),
    }))
  } finally {
    await podwire('down', lab)
  }
}

/** 30 lines on each of 30 machines, over connections that are there; beside it OpenSSH's own client over shared connections. */
async function ssh(): Promise<Figure[]> {
  const name = 'ssh: 30 lines on each of 30 machines'
  const limit = '4000 ms'
  const {missingForMachines, startMachines} = await import('../tools/ssh-machines.ts')
  const missing = missingForMachines()
  if (missing !== undefined) return [{name, limit, measured: missing, floor: ''}]
  const {sshDriver} = await import('../../harness/drivers/ssh.ts')
  const names = Array.from({length: 30}, (_, index) => `node${index + 1}`)
  const lines = Array.from({length: 30}, () => 'true')
  await using machines = await startMachines({names})
  const nodes = names.map((node, index) => ({name: node, address: `192.168.1.${index + 11}`}))
  const connecting = performance.now()
  await using fleet = await sshDriver(machines.driverOptions()).start({lab: 'bench-ssh', underlay: '192.168.1.0/24', nodes})
  const connected = performance.now() - connecting
  const config = join(machines.folder, '.ssh/config')
  const master = `ssh -F ${config} -o StrictHostKeyChecking=yes -o ControlPath=/run/%h`
  await machines.type('controller', `for n in ${names.join(' ')}; do ${master} -MNf $n & done; wait`)
  const loops = `for n in ${names.join(' ')}; do (for i in {1..30}; do ${master} -n $n true; done) & done; wait`
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now()
    const results = await Promise.all(names.flatMap((node) => lines.map((line) => fleet.run(node, line))))
    ours.push(performance.now() - begun)
    if (results.some(({exitCode}) => exitCode !== 0)) throw new Error('a line failed')
    if (round >= 3) continue // theirs takes long
    const between = performance.now()
    await machines.type('controller', loops)
    theirs.push(performance.now() - between)
  }
  const besides = `ssh(1) with ControlMaster ${spread(theirs)} (${ratio(ours, theirs)})\nto connect to all, and start a node on each: ${connected.toFixed(0)} ms`
  return [{name, limit, measured: spread(ours), floor: besides}]
}

async function page(): Promise<Figure[]> {
  const {openings} = await import('./page.ts')
  const {report, plain, megabytes, making} = await openings(200, ROUNDS)
  const besides = `a plain page of the same size ${spread(plain)}\nto make the report: ${making.toFixed(0)} ms, load ${loadavg()[0]?.toFixed(1)}`
  return [
    {name: 'html report of 200 pods, opened', limit: '1500 ms', measured: spread(report), floor: besides},
    {name: 'its size', limit: '3 MB', measured: `${megabytes.toFixed(2)} MB`, floor: ''},
  ]
}

/** Runs a command to its end; it must succeed, or end with one of these codes. */
function sample(
  [command = '', ...argv]: string[],
  extra: Record<string, string> = {},
  codes: readonly (number | null)[] = [0],
): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    const child = spawn(command, argv, {env: {...environment, ...extra}, stdio: ['ignore', 'pipe', 'pipe']})
    let stdout = ''
    let stderr = ''
    let peak = 0
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk))
    const watch = setInterval(() => (peak = Math.max(peak, treeSize(child.pid ?? 0))), 25)
    child.once('error', reject)
    child.once('close', (code) => {
      clearInterval(watch)
      if (!codes.includes(code)) reject(new Error(`${command} ${argv.join(' ')} ended with ${code}: ${stderr}`))
      else resolve({milliseconds: performance.now() - begun, megabytes: peak / 2 ** 20, stdout})
    })
  })
}

/** Bytes that a process and all below it hold. */
function treeSize(root: number): number {
  const children = Map.groupBy(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => ({pid: Number(pid), stat: read(`/proc/${pid}/stat`)})),
    ({stat}) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]),
  )
  const size = (pid: number): number =>
    Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024 +
    (children.get(pid) ?? []).reduce((sum, child) => sum + size(child.pid), 0)
  return size(root)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // it has just ended
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)})`
}

function ratio(ours: readonly number[], theirs: readonly number[]): string {
  return `ours is ${(median(ours) / median(theirs)).toFixed(2)} times that`
}
