// The datapaths of ready networks: each scenario passes, on whom it says that it needs, and leaves nothing. What fails when one thing of
// it is changed: solution-twins.test.ts.
import {requireEngine} from '../../harness/drivers/docker/engine.ts'
import {ensureImage, type Variant} from '../../harness/drivers/docker/image.ts'
import type {Scenario} from '../../harness/model.ts'
import {present} from '../../harness/needs.ts'
import {packagesOf} from '../../harness/packages.ts'
import {makeHome} from './tools/home.ts'
import {labOf, type} from './tools/labs.ts'
import {ownMachine} from './tools/own-machine.ts'
import {asRoot, asUser, inDocker, LOCAL, onEach, type Runner} from './tools/runners.ts'
import {onEachThatHas, solutions} from './tools/solutions.ts'
import {passes} from './tools/twin.ts'

/** Those that run in containers too. */
const IN_DOCKER: readonly string[] = ['calico-bgp', 'cilium-ebpf', 'cilium-ebpf-native', 'flannel-vxlan']

const all = await solutions()

function runnersOf({name, root}: Scenario): readonly Runner[] {
  return [...(root === undefined ? LOCAL : [asRoot]), ...(IN_DOCKER.includes(name) ? [inDocker] : [])]
}

/** An ordinary user where everybody may open TUN devices, as on most machines: root puts one there, for this podwire alone. */
const WITH_TUN = [
  'unshare',
  '--mount',
  'sh',
  '-ec',
  `mount -t tmpfs -o dev tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200
  exec setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent XDG_RUNTIME_DIR=/nonexistent "$0" "$@"`,
]

for (const scenario of all)
  onEachThatHas(runnersOf(scenario), scenario, 'every claim holds', (t, runner) =>
    runner.user && scenario.devices.includes('/dev/net/tun')
      ? passes(t, asRoot, scenario.name, WITH_TUN)
      : passes(t, runner, scenario.name),
  )

for (const {name, root} of all)
  if (root !== undefined)
    onEach([asUser], `${name}: an ordinary user is told what takes root, before the first line`, async (t, runner) => {
      await using home = makeHome(runner)
      const {code, stdout, stderr} = await home.podwire(['run', name, '--driver', 'local'])
      t.is(code, 3)
      t.true(stderr.includes(`error[not-root]: ${name} takes root of the machine itself: ${root}`), stderr)
      t.notRegex(stdout, /node1# /)
    })

/** A scenario, and a process that is among the last of its daemons to start. */
const LAST: Readonly<Record<string, string>> = {'aci-evpn': 'bgpd', 'flannel-real': 'flanneld', 'nsx-ovn': 'ovn-controller'}

for (const scenario of all) {
  const last = LAST[scenario.name]
  if (last !== undefined)
    onEachThatHas([asRoot], scenario, 'SIGKILL of podwire ends every daemon, and nothing of them is left', async (t, runner) => {
      using machine = ownMachine(runner)
      const {code, output} = await machine.run(`
        cd /run; state >before
        podwire run ${scenario.name} --driver local >shown 2>&1 & pid=$!
        running() { grep -qsx ${last} /proc/[0-9]*/comm; }
        until_so running
        kill -KILL $pid; wait $pid; [ $? = 137 ] || exit 93
        gone; state >after; diff before after || exit 94
      `)
      t.is(code, 0, output)
    })
}

onEach([inDocker], 'the lean image is small, and its nodes have nothing that only ready networks need', async (t, runner) => {
  const {docker} = await requireEngine()
  const size = async (variant: Variant) => (await docker.getImage(await ensureImage(docker, (line) => t.log(line), variant)).inspect()).Size
  t.timeout(900_000) // the full image may have to be made first
  const [lean, full] = [await size('lean'), await size('full')]
  t.log(`lean ${(lean / 1e6).toFixed(0)} MB, full ${(full / 1e6).toFixed(0)} MB`)
  t.true(lean < 250e6, `${lean} bytes`)
  t.true(full > lean)
  await using lab = await labOf(runner, 'three-nodes')
  const look = packagesOf('solutions').map(({command}) => `if ${present(command)} >/dev/null; then echo ${command}; fi`)
  t.is(await type(lab, 'node1', look.join('; ')), '')
  t.regex(await type(lab, 'node1', `if ${present('jq')}; then :; fi`), /jq/)
})

/** Hidden where they are there. */
const HIDDEN = {
  name: 'bird and flanneld',
  devices: [],
  needs: [
    {tool: 'bird', package: 'bird2'},
    {tool: 'flanneld', package: 'github.com/flannel-io/flannel'},
  ],
}

onEachThatHas([asRoot], HIDDEN, 'what is not there is told by its package: doctor lists it, its scenario is not run', async (t, runner) => {
  await using home = makeHome(runner)
  // Over each of their folders one with links to all else that is there.
  const hidden = `
    for tool in bird flanneld; do
      real=$(mktemp -d -p ${home.folder}) else=$(mktemp -d -p ${home.folder}) folder=$(dirname $(which $tool))
      mount --bind $folder $real; cp -rs $real/. $else; rm $else/$tool; mount --bind $else $folder
    done
    exec "$0" "$@"`
  const through = ['unshare', '--mount', 'sh', '-ec', hidden]
  const doctor = await home.podwire(['doctor', '--json'], {through, env: {DOCKER_HOST: 'unix:///nowhere/docker.sock'}})
  const {items} = JSON.parse(doctor.stdout) as {items: {what: string; state: string; help?: string}[]}
  t.deepEqual(
    packagesOf('solutions').filter(({command}) => !items.some(({what}) => what === command)),
    [],
  )
  t.like(
    items.find(({what}) => what === 'bird'),
    {
      state: 'missing',
      help: 'only some scenarios need it: make setup-solutions, or apt-get install bird2',
    },
  )
  t.like(
    items.find(({what}) => what === 'flanneld'),
    {
      state: 'missing',
      help: 'only some scenarios need it: make setup-solutions, which builds github.com/flannel-io/flannel where Go is there, for --driver local',
    },
  )
  const [calico, flannel] = await Promise.all(
    ['calico-bgp', 'flannel-real'].map((name) => home.podwire(['run', name, '--driver', 'local'], {through})),
  )
  t.deepEqual([calico?.code, flannel?.code], [3, 3])
  t.regex(calico?.stderr ?? '', /calico-bgp needs bird, and its nodes have none\n.*apt-get install bird2\n/)
  t.regex(flannel?.stderr ?? '', /flannel-real needs .*flanneld.*\n.*builds github\.com\/flannel-io\/flannel/)
})
