// What scenarios of ready networks are written with beyond the documents' recipe: needs, devices, an MTU, daemons, claims about
// the wire and claims that take a time. And what is made of them.
import {readFileSync} from 'node:fs'
import test from 'ava'
import {converge} from '../../harness/checks/convergence.ts'
import {decodeArguments, framesFrom} from '../../harness/checks/decode.ts'
import {packagesIn, variantFor} from '../../harness/drivers/docker/image.ts'
import type {CheckResult, Verdict} from '../../harness/model.ts'
import {gettingWords, isGoModule, packagesOf} from '../../harness/packages.ts'
import {countText, type Shown} from '../../harness/report/statements.ts'
import {loadScenario, scenarioNames} from '../../harness/scenario/load.ts'
import {claimsLast, lineWith, load, problemsOf, SOUND, soundBut} from '../tools/scenario-file.ts'

const STEP = '      ip netns add pod2\n    `,\n'
const VXLAN = `{encapsulation: 'vxlan', vni: 1, port: 8472, outer: ['192.168.1.11', '192.168.1.12'], inner: ['10.244.1.2', '10.244.2.2']}`

/** SOUND with these lines after its last step, and all words of the vocabulary. */
function after(lines: string): string {
  return soundBut(STEP, `${STEP}    ${lines}\n`).replace('import {noNat, on,', 'import {daemon, noNat, on, runs, wire,')
}

test('needs, devices and an MTU are declared beside the nodes', async (t) => {
  const {needs, devices, mtu, solution} = await load(
    t,
    soundBut("underlay: '", "solution: 'Calico', needs: {bird: 'bird2'}, devices: ['/dev/net/tun'], mtu: 1450,\n  underlay: '"),
  )
  t.deepEqual([needs, devices, mtu, solution], [[{tool: 'bird', package: 'bird2'}], ['/dev/net/tun'], 1450, 'Calico'])
})

test('what no Debian package brings is named by its Go module', async (t) => {
  const {needs} = await load(t, soundBut("underlay: '", "needs: {flanneld: 'github.com/flannel-io/flannel'},\n  underlay: '"))
  t.deepEqual(needs, [{tool: 'flanneld', package: 'github.com/flannel-io/flannel'}])
  t.is(gettingWords(['bird2', 'frr']), 'apt-get install bird2 frr')
  t.is(
    gettingWords(['bird2', 'a.b/c']),
    'apt-get install bird2; make setup-solutions, which builds a.b/c where Go is there, for --driver local',
  )
})

test('each Go module has its version and the hashes of all that it is built from, and none goes into a node image', (t) => {
  const modules = packagesOf('solutions').filter(({name}) => isGoModule(name))
  t.true(modules.length > 0)
  for (const {name} of modules) {
    const folder = new URL(`../../fixtures/go/${name.split('/').at(-1)}/`, import.meta.url)
    const [, version] =
      new RegExp(`\\s${name.replaceAll('.', '\\.')} (v\\S+)\n`).exec(readFileSync(new URL('go.mod', folder), 'utf8')) ?? []
    t.regex(version ?? '', /^v\d+\.\d+\.\d+$/, name)
    t.true(readFileSync(new URL('go.sum', folder), 'utf8').includes(`${name} ${version} h1:`), name)
  }
  for (const variant of ['lean', 'full'] as const) t.deepEqual(packagesIn(variant).filter(isGoModule), [])
})

test('a claim about the wire needs its decoder without being told', async (t) => {
  t.deepEqual((await load(t, SOUND)).needs, [])
  const text = after(`wire('pod1', 'pod2').carries(${VXLAN}),`)
  t.deepEqual((await load(t, text)).needs, [{tool: 'tshark', package: 'tshark'}])
})

test('a daemon is a step of the machine of its place, in its turn', async (t) => {
  const text = after("daemon('node1', 'bird')`bird -f`.readyWhen`birdc show status`,\n    daemon('pod2', 'web')`httpd -f`,")
  const {stages, file} = await load(t, text)
  t.deepEqual(stages[0]?.steps.slice(-2), [
    {
      node: 'node1',
      command: 'bird -f',
      source: {file, line: lineWith(text, "daemon('node1'")},
      daemon: {name: 'bird', place: 'node1', ready: 'birdc show status'},
    },
    {
      node: 'node2',
      command: 'httpd -f',
      source: {file, line: lineWith(text, "daemon('pod2'")},
      daemon: {name: 'web', place: 'pod2', netns: 'pod2'},
    },
  ])
})

test('a claim takes a time where it says so, however it ends', async (t) => {
  const text = after(
    "reach('pod1', 'pod2').fails('no-route', 'node1').within(2_000),\n    runs('node1')`ip route`.prints('10.244').within(50),\n    reach('pod1', 'pod2').holds().within(70),",
  )
  const claims = (await load(t, text)).stages[0]?.claims ?? []
  t.deepEqual(
    claims.map((claim) => ('within' in claim ? claim.within : undefined)),
    [2_000, 50, 70],
  )
})

const MISTAKES: Readonly<Record<string, {readonly text: string; readonly code: string; readonly help: RegExp}>> = {
  'a key that is nearly one': {
    text: soundBut("underlay: '", "need: {bird: 'bird2'},\n  underlay: '"),
    code: 'unknown-key',
    help: /did you mean needs\?/,
  },
  'an MTU that is none': {text: soundBut("underlay: '", "mtu: 14.5,\n  underlay: '"), code: 'bad-mtu', help: /68 to 65535/},
  'a tool with an argument': {
    text: soundBut("underlay: '", "needs: {'bird -f': 'bird2'},\n  underlay: '"),
    code: 'bad-tool',
    help: /without arguments/,
  },
  'a package that is none': {
    text: soundBut("underlay: '", "needs: {bird: 'Bird 2'},\n  underlay: '"),
    code: 'bad-package',
    help: /bird: 'bird2'/,
  },
  'a reason for root that says nothing': {
    text: soundBut("underlay: '", "root: '',\n  underlay: '"),
    code: 'bad-value',
    help: /^$/,
  },
  'a device that is none': {text: soundBut("underlay: '", "devices: ['tun'],\n  underlay: '"), code: 'bad-path', help: /\/dev\/net\/tun/},
  'a daemon at a place that is none': {
    text: after("daemon('nde1', 'bird')`bird`,"),
    code: 'unknown-place',
    help: /did you mean node1\?/,
  },
  'a daemon whose name would be no file’s': {text: after("daemon('node1', '../x')`bird`,"), code: 'bad-name', help: /lower-case/},
  'a daemon that bash cannot read': {text: after("daemon('node1', 'bird')`bird 'x`,"), code: 'unfinished-line', help: /^$/},
  'a wire between places that are none': {
    text: after(`wire('pod1', 'pd2').carries(${VXLAN}),`),
    code: 'unknown-place',
    help: /did you mean pod2\?/,
  },
  'a wire that is looked at nowhere': {
    text: after(`wire('pod1', 'pod2', 'nde2/eth0').carries(${VXLAN}),`),
    code: 'unknown-place',
    help: /did you mean node2\?/,
  },
  'a wire without a device': {text: after(`wire('pod1', 'pod2', 'node2').carries(${VXLAN}),`), code: 'bad-value', help: /'spine1\/eth1'/},
  'a wire that carries nothing said': {text: after("wire('pod1', 'pod2'),"), code: 'bad-value', help: /carries\(/},
  'an encapsulation that is nearly one': {
    text: after(`wire('pod1', 'pod2').carries(${VXLAN.replace("'vxlan'", "'vxlam'")}),`),
    code: 'bad-value',
    help: /did you mean vxlan\?/,
  },
  'a part of the format that is nearly one': {
    text: after(`wire('pod1', 'pod2').carries(${VXLAN.replace('vni:', 'vnid:')}),`),
    code: 'bad-value',
    help: /did you mean vni\?/,
  },
  'a tunnel without its number': {
    text: after(`wire('pod1', 'pod2').carries(${VXLAN.replace('vni: 1, ', '')}),`),
    code: 'too-little',
    help: /vni: 1/,
  },
  'a number where nothing is around': {
    text: after("wire('pod1', 'pod2').carries({encapsulation: 'none', vni: 1, inner: ['10.244.1.2', '10.244.2.2']}),"),
    code: 'never-holds',
    help: /leave out vni/,
  },
  'an address that is none': {
    text: after(`wire('pod1', 'pod2').carries(${VXLAN.replace('10.244.2.2', '10.244.2')}),`),
    code: 'bad-address',
    help: /10\.244\.1\.2/,
  },
  'a time that is none': {text: after("reach('pod1', 'pod2').holds().within(0),"), code: 'bad-value', help: /milliseconds/},
  'a time at the end': {text: claimsLast("reach('pod1', 'pod2').holds().within(10)"), code: 'never-late', help: /among the steps/},
  'a time for what waiting does not bring': {
    text: claimsLast('uniqueAddress.all().within(10)'),
    code: 'never-late',
    help: /leave out/,
  },
}

for (const [title, {text, code, help}] of Object.entries(MISTAKES)) {
  test(`${title}: ${code}`, async (t) => {
    const problems = await problemsOf(t, text)
    t.is(problems[0]?.code, code, JSON.stringify(problems))
    t.regex(problems[0]?.help ?? '', help)
    t.true((problems[0]?.line ?? 0) > 0)
  })
}

test('what scenarios need is installed by the group of its own, from the package that they name', async (t) => {
  const known = new Map(['node', 'solutions'].flatMap(packagesOf).map(({command, name}) => [command, name]))
  const named = (await Promise.all(scenarioNames().map(loadScenario))).flatMap(({needs}) => needs)
  t.true(named.length > 0)
  for (const need of named) t.is(known.get(need.tool), need.package, need.tool)
})

test('a scenario’s nodes are lean unless it needs more', (t) => {
  t.is(variantFor([]), 'lean')
  t.is(variantFor(['jq']), 'lean')
  t.is(variantFor(['jq', 'bird']), 'full')
  t.is(variantFor(['nowhere']), 'full')
})

test('the lean image has what every node has and nothing of what only ready networks need', (t) => {
  t.deepEqual(packagesIn('lean'), [...new Set(packagesOf('node').map(({name}) => name))])
  const lean = new Set(packagesIn('lean'))
  const debian = packagesOf('solutions').filter(({name}) => !isGoModule(name))
  t.true(debian.length > 0)
  for (const {name} of debian) t.deepEqual([lean.has(name), packagesIn('full').includes(name)], [false, true], name)
})

const LOOK: Omit<CheckResult, 'claim'> = {check: 'command', verdict: 'pass', pairs: [], evidence: []}

test('a claim that takes a time is looked at until it holds, and its time is told', async (t) => {
  const verdicts: Verdict[] = ['fail', 'unknown', 'pass']
  const {verdict, convergence} = await converge(Date.now(), 60_000, async () => ({...LOOK, verdict: verdicts.shift() ?? 'fail'}))
  t.is(verdict, 'pass')
  t.is(convergence?.looks, 3)
  t.true((convergence?.after ?? -1) >= 0)
})

test('one that never holds fails when its time is over, and says what was seen last', async (t) => {
  const seen = await converge(Date.now(), 20, async () => ({...LOOK, verdict: 'fail', evidence: ['it ended with 1']}))
  t.is(seen.verdict, 'fail')
  t.is(seen.convergence?.after, null)
  t.regex(seen.evidence.join('; '), /^not within 20 ms, looked at \d+ times; it ended with 1$/)
})

test('one that is first seen to hold too late fails', async (t) => {
  const seen = await converge(Date.now() - 1_000, 500, async () => LOOK)
  t.is(seen.verdict, 'fail')
  t.regex(seen.evidence.join(), /first seen to hold after \d+ ms, not within 500 ms/)
})

const REQUEST =
  'eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:icmp:data\t192.168.1.11,10.244.1.2\t192.168.1.12,10.244.2.2\t134,84\t8472\t1\t\t8\t00'

test('a tunnelled echo is read from the decoder’s fields, layer by layer', (t) => {
  t.deepEqual(framesFrom(`${REQUEST}\n`), [
    {
      encapsulation: 'vxlan',
      vni: 1,
      port: 8472,
      outer: ['192.168.1.11', '192.168.1.12'],
      inner: ['10.244.1.2', '10.244.2.2'],
      length: 134,
      overhead: 50,
      reply: false,
    },
  ])
  const geneve = 'eth:ip:udp:geneve:eth:ip:icmp\t1.1.1.1,2.2.2.2\t3.3.3.3,4.4.4.4\t142,84\t6081\t\t0x000005\t0\t'
  t.like(framesFrom(geneve)[0], {encapsulation: 'geneve', vni: 5, overhead: 58, reply: true})
})

test('an echo as it is, and one that is UDP’s payload', (t) => {
  t.deepEqual(framesFrom('eth:ethertype:ip:icmp:data\t10.244.1.2\t10.244.2.2\t84\t\t\t\t8\t00'), [
    {encapsulation: 'none', inner: ['10.244.1.2', '10.244.2.2'], length: 84, overhead: 0, reply: false},
  ])
  const header = Buffer.from('45000054000040003f010000', 'hex')
  const packet = Buffer.concat([header, Buffer.from([10, 244, 1, 2, 10, 244, 2, 2, 0, 0])]).toString('hex')
  t.deepEqual(framesFrom(`eth:ethertype:ip:udp:data\t192.168.1.11\t192.168.1.12\t112\t8285\t\t\t\t${packet}`), [
    {
      encapsulation: 'udp',
      port: 8285,
      outer: ['192.168.1.11', '192.168.1.12'],
      inner: ['10.244.1.2', '10.244.2.2'],
      length: 112,
      overhead: 28,
      reply: true,
    },
  ])
})

test('what is none of them is not guessed at', (t) => {
  const others = [
    'eth:ethertype:ip:ip:icmp\t1.1.1.1,2.2.2.2\t3.3.3.3,4.4.4.4\t104,84\t\t\t\t8\t',
    'eth:ethertype:ip:udp:data\t1.1.1.1\t3.3.3.3\t104\t5000\t\t\t\tdeadbeef',
    'eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:icmp\t1.1.1.1,2.2.2.2,5.5.5.5\t3.3.3.3,4.4.4.4,6.6.6.6\t1,2,3\t1\t1\t\t8\t',
  ]
  t.deepEqual(
    framesFrom(others.join('\n')),
    others.map((line) => line.split('\t')[0] ?? ''),
  )
})

test('the decoder is told the port that is claimed, and Linux’ own', (t) => {
  const words = decodeArguments('/x', {encapsulation: 'vxlan', port: 6784, inner: ['1.1.1.1', '2.2.2.2']}).join(' ')
  t.regex(words, /-d udp\.port==8472,vxlan -d udp\.port==6784,vxlan/)
  t.notRegex(decodeArguments('/x', {encapsulation: 'udp', port: 8285, inner: ['1.1.1.1', '2.2.2.2']}).join(' '), /8285/)
})

test('scenarios that this machine could not run are counted and named', (t) => {
  const shown = (name: string, verdict: Verdict, problem: string | null): Shown => ({
    name,
    title: '',
    shows: [],
    verdict,
    duration: 1,
    requirements: [],
    failures: [],
    problem,
  })
  t.is(
    countText([shown('a', 'pass', null), shown('b', 'unknown', 'b needs bird; apt-get install bird2'), shown('c', 'fail', null)]),
    '1 pass, 1 fail, 1 skipped or unknown\n  b: b needs bird; apt-get install bird2',
  )
})
