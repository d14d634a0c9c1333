// Labs on several engines: three of them on one wire, each in namespaces of its own, joined to a swarm.
import {leftOn, threeEngines} from './tools/on-engines.ts'
import {readResult} from './tools/result.ts'
import {mistakesIn} from './tools/schema.ts'

const onEngines = await threeEngines({swarm: true})

onEngines(
  'three-nodes passes all its checks with a node on each engine, at the MTU of their network, and leaves nothing',
  async (t, {own, home, list}) => {
    const ended = await home.podwire(['run', 'three-nodes', '--engines', list, '--json'])
    t.is(ended.code, 0, ended.stderr)
    const result = readResult(ended)
    t.deepEqual(mistakesIn(result, 'result'), [])
    t.is(result.driver.name, 'docker')
    for (const [index, address] of own.addresses.entries())
      t.regex(result.driver.description, new RegExp(`node${index + 1} on Docker [^;]* at ${address}`))
    t.is(result.mtu, 1450)
    t.deepEqual(
      result.checks.map(({check, verdict, pairs}) => [check, verdict, pairs.length]),
      [
        ['reach', 'pass', 252],
        ['no-nat', 'pass', 252],
        ['unique-address', 'pass', 21],
      ],
    )
    t.is(result.lost, undefined)
    t.deepEqual(await leftOn(own.engines), [])
  },
)

onEngines('a lab is kept across engines: placed, listed, asked, checked, diagnosed, removed', async (t, {own, home}) => {
  const [first, second, third] = own.addresses
  const up = await home.podwire(['up', 'three-nodes', '--engines', `${first},${second},node1=${third}`, '--name', 'kept', '--json'])
  t.is(up.code, 0, up.stderr)
  const {description} = readResult(up).driver
  t.regex(description, new RegExp(`node2 on [^;]*${first}; node3 on [^;]*${second}; node1 on [^;]*${third}`))
  const listed = JSON.parse((await home.podwire(['ls', '--json'])).stdout) as {labs: {lab: string; description: string}[]}
  t.deepEqual(mistakesIn(listed, 'labs'), [])
  t.deepEqual(
    listed.labs.map(({lab, description}) => ({lab, description})),
    [{lab: 'kept', description}],
  )
  t.is(await own.docker(3, 'ps', '--format', '{{.Names}}'), 'kept-node1')
  t.is((await home.podwire(['exec', 'node1', '--', 'uname', '-n'])).stdout, 'node1\n')
  t.is((await home.podwire(['exec', 'pod1', '--', 'ping', '-c1', '-W5', '10.244.2.2'])).code, 0)
  t.is((await home.podwire(['check'])).code, 0)
  t.is((await home.podwire(['diagnose', '--no-trial'])).code, 0)
  t.is((await home.podwire(['clean'])).stdout, 'nothing was left\n') // and nothing that is kept is taken for left over
  t.is((await home.podwire(['check'])).code, 0)
  const down = await home.podwire(['down'])
  t.is(down.code, 0, down.stderr)
  t.deepEqual(await leftOn(own.engines), [])
})

onEngines('a default route through an engine’s own bridge is out of the lab, and no way to a pod', async (t, {own, home, list}) => {
  t.is((await home.podwire(['up', 'three-nodes', '--engines', list, '--name', 'leaving'])).code, 0)
  // What an overlay network that is not internal gives every node: a second interface, and a default route by it.
  await own.docker(2, 'network', 'connect', 'docker_gwbridge', 'leaving-node2')
  const gateway = await own.docker(2, 'network', 'inspect', 'docker_gwbridge', '--format', '{{(index .IPAM.Config 0).Gateway}}')
  const type = async (line: string) => t.is((await home.podwire(['exec', 'node2', '--', 'sh', '-c', line])).code, 0, line)
  await type(`ip route replace default via ${gateway} dev eth1`)
  t.is((await home.podwire(['check'])).code, 0) // by itself it changes nothing
  await type('ip route del 10.244.1.0/24')
  const check = await home.podwire(['check', '--json'])
  t.is(check.code, 1)
  const reach = readResult(check).checks.find(({check}) => check === 'reach')
  t.deepEqual([...new Set(reach?.pairs.filter(({from, to}) => from === 'pod3' && to === 'pod1').map(({verdict}) => verdict))], ['fail'])
  const trace = await home.podwire(['trace', 'pod3', 'pod1'])
  t.regex(trace.stdout, /leaves lab at node2/)
  const diagnosis = JSON.parse((await home.podwire(['diagnose', 'pod3', 'pod1', '--no-trial', '--json'])).stdout) as {
    diagnoses: {cause: string; where: string}[]
  }
  t.deepEqual(
    diagnosis.diagnoses.map(({cause}) => cause),
    ['leaves-lab'],
  )
  t.is((await home.podwire(['down'])).code, 0)
})

onEngines('full MTU is that of the engines’ network: a node with less falls short of it', async (t, {home, list}) => {
  t.is((await home.podwire(['up', 'three-nodes', '--engines', list, '--name', 'sizes'])).code, 0)
  t.is((await home.podwire(['exec', 'node2', '--', 'ip', 'link', 'set', 'eth0', 'mtu', '1400'])).code, 0)
  const check = await home.podwire(['check', '--json'])
  t.is(check.code, 1)
  const {mtu, checks} = readResult(check)
  t.is(mtu, 1450)
  const failing = checks.find(({check}) => check === 'reach')?.pairs.filter(({verdict}) => verdict === 'fail') ?? []
  t.true(failing.length > 0)
  t.deepEqual([...new Set(failing.map(({size}) => size))], ['full'])
  const fixed = await home.podwire(['diagnose', '--fix', '--yes', '--no-trial'])
  t.regex(fixed.stdout, /mtu 1450/)
  t.is(fixed.code, 0, fixed.stdout)
  t.is((await home.podwire(['down'])).code, 0)
})
