// podwire compare as a person calls it: the table, the documents, what is skipped or refused, and Ctrl-C.
import {existsSync, readdirSync, readFileSync, readlinkSync} from 'node:fs'
import {join} from 'node:path'
import type {Compared} from '../../harness/compare/measured.ts'
import {descendants} from '../../harness/compare/memory.ts'
import {eventually} from '../tools/eventually.ts'
import {processesIn} from '../tools/namespaces.ts'
import {pageTable} from '../tools/page-table.ts'
import {type Ended, makeHome} from './tools/home.ts'
import {asRoot, LOCAL, onEach} from './tools/runners.ts'
import {mistakesIn} from './tools/schema.ts'
import {onEachThatHas} from './tools/solutions.ts'

interface Document {
  readonly networks: readonly Compared[]
  readonly left: readonly string[]
}

const MEASURED = ['iperf3', 'tshark'].map((tool) => ({tool, package: tool}))
const VXLAN = {name: 'flannel-vxlan', needs: MEASURED, devices: []}

const LACKING = `import {on, reach, scenario} from 'podwire'

export default scenario({
  title: 'needs what nobody has',
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.11', node2: '192.168.1.12'},
  pods: {pod1: {node: 'node1', address: '10.0.0.1'}, pod2: {node: 'node2', address: '10.0.0.2'}},
  needs: {nonesuch: 'nonesuch-tools'},
  steps: [...on('node1')\`ip netns add pod1\`],
  checks: [reach.all()],
})
`

onEachThatHas(LOCAL, VXLAN, 'beside the plain recipe, every figure is there, as text, JSON and CSV', async (t, runner) => {
  await using home = makeHome(runner)
  const [json, csv] = [join(home.folder, 'all.json'), join(home.folder, 'all.csv')]
  const ended = await home.podwire(['compare', 'flannel-vxlan', '--report', `json=${json}`, '--report', `csv=${csv}`])
  t.is(ended.code, 0, ended.stdout + ended.stderr)
  const document = JSON.parse(readFileSync(json, 'utf8')) as Document
  t.deepEqual(mistakesIn(document, 'comparison'), [])
  const [plain, vxlan] = document.networks
  if (!plain || !vxlan) return t.fail()
  const names = [plain.name, vxlan.name]
  t.deepEqual([...names, plain.problem, vxlan.problem], ['three-nodes', 'flannel-vxlan', null, null])
  t.deepEqual(
    [plain, vxlan].map(({measures}) => measures.mtu?.value),
    [1500, 1450],
  )
  t.deepEqual(
    [plain, vxlan].map(({measures}) => measures.overhead?.value?.bytes),
    [0, 50],
  )
  t.deepEqual(
    [plain, vxlan].map(({measures}) => measures.hops?.value?.routers),
    [2, 2],
  )
  t.deepEqual(
    [plain, vxlan].map(({measures}) => measures.growth?.value?.state.neighbours.each),
    [1, 1],
  )
  t.regex(plain.measures.convergence?.unknown ?? '', /breaks and mends nothing/)
  t.is(vxlan.measures.convergence?.value?.failure.title, 'node1 loses where node2 is')
  for (const {measures} of [plain, vxlan])
    for (const {median, low, high} of [
      measures.firstPing?.value,
      measures.throughput?.value?.network,
      measures.latency?.value?.ratio,
    ].flatMap((spread) => spread ?? []))
      t.true(low > 0 && low <= median && median <= high)
  t.is(readFileSync(csv, 'utf8').split('\r\n').length, 4)
  t.regex(ended.stdout, /│ flannel-vxlan │ .* 1450 │ +50 B │/)
  for (const shown of pageTable('scenarios/README.md', 'compared').filter(({network}) => names.includes(network ?? '')))
    t.deepEqual(shown, Object.fromEntries(Object.keys(shown).map((head) => [head, cellIn(ended.stdout, shown.network ?? '', head)])))
  t.regex(ended.stdout, /^three-nodes and 1 more, one after the other: some 50 s/m)
  t.regex(ended.stdout, /\? three-nodes: broken, mended: /)
  t.regex(ended.stdout, /^ {2}flannel-vxlan: “node1 loses where node2 is”; “its agent comes back and fills the table”$/m)
})

onEach([asRoot], 'what a network needs and this machine lacks is told by its package, and nothing is measured of it', async (t, runner) => {
  await using home = makeHome(runner)
  const lacking = home.write('lacking.ts', LACKING)
  const ended = await home.podwire(['compare', lacking, '--json'])
  const [, first] = documentIn(ended).networks
  t.is(ended.code, 3)
  t.is(first?.problem?.kind, 'skipped')
  t.regex(first?.problem?.why ?? '', /lacking needs nonesuch.*apt-get install nonesuch-tools/)
  t.deepEqual(first?.measures, {})
  t.regex(ended.stderr, /^skipped +lacking: lacking needs nonesuch/m)
})

onEach([asRoot], 'a name that is nearly one is told before anything starts, and so is a report of no kind', async (t, runner) => {
  await using home = makeHome(runner)
  const unknown = await home.podwire(['compare', 'weave', 'flanel-vxlan'])
  t.is(unknown.code, 2)
  t.regex(unknown.stderr, /no scenario flanel-vxlan[\s\S]*did you mean flannel-vxlan\?/)
  const far = await home.podwire(['compare', 'nothing-like-it'])
  t.is(far.code, 2)
  t.regex(far.stderr, /no scenario nothing-like-it[\s\S]*there is aci-evpn, .*, weave; and any other scenario with pods on two nodes/)
  t.notRegex(far.stderr, /broken\/|two-nodes-conflict/)
  const report = await home.podwire(['compare', '--report', 'csw=x'])
  t.is(report.code, 2)
  t.regex(report.stderr, /no report csw[\s\S]*did you mean csv\?/)
  t.is(unknown.stdout + report.stdout, '')
  t.false(existsSync(join(home.folder, 'x')))
})

onEachThatHas([asRoot], VXLAN, 'Ctrl-C tells what was measured so far, and leaves nothing', async (t, runner) => {
  await using home = makeHome(runner)
  const csv = join(home.folder, 'sofar.csv')
  const begun = home.begin(['compare', 'flannel-vxlan', 'weave', '--report', `csv=${csv}`])
  await begun.shown(/^measured +three-nodes/m)
  const namespaces = namespacesBelow(begun.pid)
  t.true(namespaces.length > 3 && processesIn(namespaces).length > 3)
  process.kill(begun.pid, 'SIGINT')
  const {code, stdout} = await begun.ended
  t.is(code, 130)
  t.deepEqual(
    await eventually(
      () => processesIn(namespaces),
      (left) => left.length === 0,
    ),
    [],
  )
  t.regex(stdout, /│ three-nodes +│ .* 1500 │/)
  t.regex(stdout, /interrupted flannel-vxlan: podwire was interrupted/)
  t.regex(readFileSync(csv, 'utf8').split('\r\n')[2] ?? '', /^flannel-vxlan,.*convergence: podwire was interrupted"?$/)
  t.regex(stdout, /not come to: weave/)
  t.notRegex(stdout, /measured +flannel/)
  t.is(readFileSync(csv, 'utf8').split('\r\n').length, 4)
})

onEach([asRoot], 'the plain recipe alone is compared with nothing but itself', async (t, runner) => {
  await using home = makeHome(runner)
  const begun = home.begin(['compare', 'three-nodes'])
  await begun.shown(/\n/)
  process.kill(begun.pid, 'SIGINT')
  const {code, stdout} = await begun.ended
  t.is(code, 130)
  t.regex(stdout, /^three-nodes beside itself: some 25 s, /)
})

/** A cell of the table that was printed. */
function cellIn(text: string, network: string, head: string): string | undefined {
  const rows = text.split('\n').map((line) => line.split('│').map((cell) => cell.trim()))
  const column = rows.find((cells) => cells.includes('network'))?.indexOf(head) ?? -1
  return rows.find((cells) => cells[1] === network)?.[column]
}

function documentIn({stdout}: Ended): Document {
  return JSON.parse(stdout) as Document
}

/** The network namespaces of all that a process has started. */
function namespacesBelow(pid: number): string[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const stats = all.map((name) => read(() => readFileSync(`/proc/${name}/stat`, 'latin1'))).join('')
  const found = descendants(stats, [String(pid)]).map((name) => read(() => readlinkSync(`/proc/${name}/ns/net`)))
  return [...new Set(found)].filter((namespace) => namespace !== '' && namespace !== readlinkSync('/proc/self/ns/net'))
}

/** Nothing of a process that has ended meanwhile. */
function read(file: () => string): string {
  try {
    return file()
  } catch {
    return ''
  }
}
