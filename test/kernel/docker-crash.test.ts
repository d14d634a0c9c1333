// However podwire ends under docker: no container of its lab runs on, and the engine has nothing of it after the next start.
import type Docker from 'dockerode'
import {requireEngine} from '../../harness/drivers/docker/engine.ts'
import {LAB_LABEL} from '../../harness/drivers/docker/labels.ts'
import {eventually} from '../tools/eventually.ts'
import {engineTurn} from './tools/engine-turn.ts'
import {type Begun, makeHome} from './tools/home.ts'
import {inDocker, onEach} from './tools/runners.ts'
import {threeNodesAnd} from './tools/scenarios.ts'

const SLOW = threeNodesAnd('      sysctl -w net.ipv4.ip_forward=0')
const ARGUMENTS = ['run', './slow.ts', '--driver', 'docker', '--patience', '20']

const STAGES = [
  ['while it starts', /^$/],
  ['when the nodes are there', /^driver docker/],
  ['in the middle of the steps', /^4\. /m],
  ['while it probes', /ip_forward=0 {2,}[\d.]+ ms/],
] as const

/** Names of what the engine has of a podwire's lab. */
async function leftOf(docker: Docker, {pid}: Begun, status: readonly string[] = []): Promise<{containers: string[]; networks: string[]}> {
  const filters = {label: [`${LAB_LABEL}=slow-${pid}`]}
  const [containers, networks] = await Promise.all([
    docker.listContainers({all: true, filters: {...filters, status: [...status]}}),
    docker.listNetworks({filters}),
  ])
  return {containers: containers.flatMap(({Names}) => Names), networks: networks.map(({Name}) => Name)}
}

onEach([inDocker], 'SIGKILL at each stage leaves no container that runs, and the next start removes the rest', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const {docker} = await requireEngine()
  home.write('slow.ts', SLOW)
  const killed: Begun[] = []
  for (const [stage, words] of STAGES) {
    const begun = home.begin(ARGUMENTS)
    killed.push(begun)
    if (stage === 'while it starts')
      await eventually(
        () => leftOf(docker, begun),
        ({networks}) => networks.length > 0,
      )
    else await begun.shown(words)
    begun.process.kill('SIGKILL')
    t.is((await begun.ended).signal, 'SIGKILL', stage)
    // One that was made and not yet started has no process; it goes with the network.
    const left = await eventually(
      () => leftOf(docker, begun, ['running', 'removing', 'exited']),
      ({containers}) => containers.length === 0,
    )
    t.deepEqual(left.containers, [], stage)
  }
  const next = await home.podwire(['run', 'three-nodes', '--driver', 'docker'])
  t.is(next.code, 0, next.stderr)
  for (const begun of killed) t.deepEqual(await leftOf(docker, begun), {containers: [], networks: []})
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  onEach([inDocker], `${signal} ends the steps and the probing with 130, and leaves neither container nor network`, async (t, runner) => {
    await using _ = await engineTurn(runner)
    await using home = makeHome(runner)
    const {docker} = await requireEngine()
    home.write('slow.ts', SLOW)
    for (const [stage, words] of STAGES.slice(1)) {
      const begun = home.begin(ARGUMENTS)
      await begun.shown(words)
      begun.process.kill(signal)
      const {code, stderr} = await begun.ended
      t.is(code, 130, `${stage}: ${stderr}`)
      t.regex(stderr, /^interrupted (before anything ran|at stage \d+ of \d+|during the checks)\n$/, stage)
      t.deepEqual(await leftOf(docker, begun), {containers: [], networks: []}, stage)
    }
  })
}

onEach([inDocker], 'a subnet that is taken: exit 3, whose it is, and the lab that has it passes its checks', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'docker', '--name', 'first'])).code, 0)
  const second = await home.podwire(['run', 'three-nodes', '--driver', 'docker'], {env: {NO_COLOR: '1'}})
  t.is(second.code, 3)
  t.is(second.stdout, '')
  t.regex(
    second.stderr,
    /^error\[subnet-taken\]: 192\.168\.1\.0\/24 is taken on this engine: .*\n {3}= help: lab first runs there: podwire down first/,
  )
  t.is((await home.podwire(['check', 'first'])).code, 0)
})

onEach([inDocker], "Docker's own DNS rules in every node are no translation", async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'docker'])).code, 0)
  const {stdout} = await home.podwire(['exec', 'node1', '--', 'iptables-save', '-t', 'nat'])
  t.regex(stdout, /DNAT --to-destination 127\.0\.0\.11:/)
  const check = await home.podwire(['check'])
  t.is(check.code, 0, check.stderr)
  t.true(check.stdout.includes('no-nat: 252 of 252 pass'))
})
