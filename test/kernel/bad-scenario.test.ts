// Scenarios that cannot be run as they are written: exit 2, the line, the nearest right thing, and nothing is started.
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {makeHome} from './tools/home.ts'
import {LOCAL, onEach} from './tools/runners.ts'

const GOOD = readFileSync(fileURLToPath(new URL('../../scenarios/three-nodes.ts', import.meta.url)), 'utf8')

interface Mistake {
  readonly title: string
  /** What the scenario that is right has, and what stands there instead. */
  readonly right: string
  readonly wrong: string
  /** The text of the line that the error should point at, where it is not the wrong one itself. */
  readonly at?: string
  readonly error: string
  readonly words: RegExp
}

const MISTAKES: readonly Mistake[] = [
  {
    title: 'a step on an unknown node',
    right: "...on('node2')`\n      ip netns add pod3",
    wrong: "...on('nod2')`\n      ip netns add pod3",
    at: 'ip netns add pod3',
    error: 'unknown-node',
    words: /nod2 is no node of this scenario\n[\s\S]*= help: did you mean node2\?/,
  },
  {
    title: 'a pod on an unknown node',
    right: "pod4: {node: 'node3',",
    wrong: "pod4: {node: 'noed3',",
    error: 'unknown-node',
    words: /pod pod4 is on noed3, which is no node of this scenario\n[\s\S]*= help: did you mean node3\?/,
  },
  {
    title: 'a node outside the underlay',
    right: "node3: '192.168.1.13'",
    wrong: "node3: '192.168.51.13'",
    error: 'address-outside-underlay',
    words:
      /node3: 192\.168\.51\.13 is not on the underlay\n[\s\S]*= note: the underlay is 192\.168\.1\.0\/24\n {3}= help: did you mean 192\.168\.1\.13\?/,
  },
  {
    title: 'two nodes at one address',
    right: "node3: '192.168.1.13'",
    wrong: "node3: '192.168.1.11'",
    error: 'two-nodes-one-address',
    words: /node3 and node1 are both at 192\.168\.1\.11\n/,
  },
  {
    title: 'a pod with no node',
    right: "pod2: {node: 'node1', address: '10.244.1.3'}",
    wrong: "pod2: {address: '10.244.1.3'}",
    error: 'pod-without-node',
    words: /pod pod2 has no node\n[\s\S]*= help: add node: \.\.\./,
  },
  {
    title: 'an unfinished quote',
    right: 'ip link add veth-pod4 type veth',
    wrong: "ip link add 'veth-pod4 type veth",
    error: 'unfinished-line',
    words: /bash cannot read this line\n[\s\S]*= note: .*matching/,
  },
  {
    title: 'a name that no interface can have',
    right: "pod2: {node: 'node1', address: '10.244.1.3'}",
    wrong: "'pod 2; reboot': {node: 'node1', address: '10.244.1.3'}",
    error: 'bad-name',
    words: /"pod 2; reboot" cannot name a place/,
  },
  {
    title: 'an address that is none',
    right: "address: '10.244.2.2'",
    wrong: "address: '10.244.2.2/24'",
    error: 'bad-address',
    words: /pod pod3: 10\.244\.2\.2\/24 is no address\n[\s\S]*= help: write it without a prefix length/,
  },
  {
    title: 'a step that something is filled into',
    right: 'ip netns add pod3',
    wrong: `ip netns add $${'{"pod3"}'}`,
    error: 'step-not-literal',
    words: /a step is literal/,
    at: "...on('node2')`",
  },
  {
    title: 'a key that a scenario does not have',
    right: "  underlay: '192.168.1.0/24',",
    wrong: "  underlay: '192.168.1.0/24',\n  nods: {},",
    at: 'nods: {},',
    error: 'unknown-key',
    words: /a scenario has no nods\n[\s\S]*= help: did you mean nodes\?/,
  },
]

onEach(LOCAL, 'each mistake in a scenario: exit 2, its line, the nearest right thing, and nothing is started', async (t, runner) => {
  await using home = makeHome(runner)
  const ended = await Promise.all(
    MISTAKES.map(async (mistake, index) => {
      const source = GOOD.replace(mistake.right, mistake.wrong)
      t.not(source, GOOD, mistake.title)
      home.write(`bad-${index}.ts`, source)
      return {
        ...mistake,
        source,
        name: `bad-${index}.ts`,
        ...(await home.podwire(['run', `./bad-${index}.ts`, '--driver', 'local'], {env: {NO_COLOR: '1'}})),
      }
    }),
  )
  for (const {title, wrong, at, source, name, error, words, ...rest} of ended) {
    t.is(rest.code, 2, title)
    t.is(rest.stdout, '', title) // the first thing on the screen is the driver, once it started
    t.regex(rest.stderr, words, title)
    const line = source.split('\n').findIndex((text) => text.includes(at ?? wrong)) + 1
    t.true(rest.stderr.startsWith(`error[${error}]: `), `${title}: ${rest.stderr}`)
    t.regex(rest.stderr, new RegExp(`\\n  --> ${name}:${line}\\n`), title)
    t.true(rest.stderr.includes((at ?? wrong).trim().split('\n').at(-1) ?? ''), title)
  }
})

onEach(LOCAL, 'several mistakes are told at once', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('bad.ts', GOOD.replace("node3: '192.168.1.13'", "node3: '10.0.0.1'").replaceAll("on('node2')", "on('node4')"))
  const {code, stdout, stderr} = await home.podwire(['up', 'bad.ts', '--driver', 'local'])
  t.is(code, 2)
  t.is(stdout, '')
  t.is(stderr.match(/^error\[/gm)?.length, 1 + 14)
})

onEach(LOCAL, 'a scenario that is not there or cannot be read: exit 2 and the nearest one', async (t, runner) => {
  await using home = makeHome(runner)
  const mistyped = await home.podwire(['run', 'three-node', '--driver', 'local'])
  t.is(mistyped.code, 2)
  t.regex(mistyped.stderr, /^error\[unknown-scenario\]: there is no scenario three-node\n {3}= help: did you mean three-nodes\?/)
  const nowhere = await home.podwire(['run', './nowhere.ts', '--driver', 'local'])
  t.is(nowhere.code, 2)
  t.regex(nowhere.stderr, /^error\[unknown-scenario\]: there is no file \.\/nowhere\.ts\n/)
  home.write('broken.ts', "import {scenario} from 'podwire'\n\nexport default scenario({\n  title: 'unfinished,\n})\n")
  const broken = await home.podwire(['run', './broken.ts', '--driver', 'local'])
  t.is(broken.code, 2)
  t.regex(broken.stderr, /^error\[scenario-not-readable\]: .*\n {2}--> broken\.ts:4\n/)
  home.write('empty.ts', 'export default 1\n')
  const empty = await home.podwire(['run', './empty.ts', '--driver', 'local'])
  t.is(empty.code, 2)
  t.regex(empty.stderr, /empty\.ts|default/)
})

onEach(LOCAL, 'bad usage: exit 2 and what would be right', async (t, runner) => {
  await using home = makeHome(runner)
  const cases = [
    [['rnu', 'three-nodes'], /unknown command 'rnu'\n.*run/],
    [['run'], /missing required argument 'scenario'/],
    [['run', 'three-nodes', '--driver', 'lokal'], /Allowed choices are auto, local, docker/],
    [['run', 'three-nodes', '--time-limit', 'soon'], /a number of seconds above 0/],
    [['run', 'three-nodes', '--report', 'yaml'], /no report yaml\n.*did you mean html\?\n.*text, json/],
    [['run', 'three-nodes', '--driver', 'local', '--attach'], /--attach is of the docker driver/],
    [['run', 'three-nodes', '--jsno'], /unknown option '--jsno'\n.*--json/],
  ] as const
  const all = await Promise.all(cases.map(([argv]) => home.podwire(argv)))
  for (const [index, {code, stdout, stderr}] of all.entries()) {
    const [argv, words] = cases[index] ?? [[], /./]
    t.is(code, 2, argv.join(' '))
    t.is(stdout, '', argv.join(' '))
    t.regex(stderr, words, argv.join(' '))
  }
})
