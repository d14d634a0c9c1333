// The commands' stable face, as far as it needs no rights: exit codes, suggestions, help, and nothing on the wrong stream.
import {chownSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Ajv2020} from 'ajv/dist/2020.js'
import test from 'ava'
import {NOBODY, podwireAsNobody} from '../tools/podwire.ts'

const COMMANDS = [
  ...['run', 'up', 'down', 'ls', 'check', 'exec', 'shell', 'graph', 'ui', 'clean', 'doctor'],
  ...['trace', 'diagnose', 'capture', 'debug', 'break', 'heal'],
]

const MISTAKES: Readonly<Record<string, {args: readonly string[]; says: RegExp}>> = {
  'no command': {args: [], says: /Usage: podwire/},
  'an unknown command': {args: ['runn', 'three-nodes'], says: /unknown command 'runn'.*Did you mean run\?/s},
  'an unknown option': {args: ['run', 'three-nodes', '--drver', 'local'], says: /unknown option '--drver'.*Did you mean --driver\?/s},
  'an unknown driver': {args: ['run', 'three-nodes', '--driver', 'podman'], says: /podman.*auto, local, docker, ssh/},
  'an unknown scenario': {
    args: ['run', 'three-node'],
    says: /^error\[unknown-scenario\]: .*three-node\n {3}= help: did you mean three-nodes\?/,
  },
  'a file that is not there': {args: ['run', './no-such.ts'], says: /^error\[unknown-scenario\]: .*no-such\.ts/},
  'an unknown report': {args: ['run', 'three-nodes', '--report', 'pdf'], says: /^error\[usage\]: no report pdf\n {3}= help: .*text.*json/},
  'a missing scenario': {args: ['run'], says: /missing required argument 'scenario'/},
  'a time limit that is none': {args: ['run', 'three-nodes', '--time-limit', 'soon'], says: /--time-limit/},
  'a time limit of nothing': {args: ['run', 'three-nodes', '--time-limit', ''], says: /--time-limit/},
  'a time limit that no timer holds': {args: ['run', 'three-nodes', '--time-limit', '2147484'], says: /--time-limit.*at most 2147483\b/},
  'an endless time limit': {args: ['up', 'three-nodes', '--time-limit', 'Infinity'], says: /--time-limit.*at most 2147483\b/},
  'too much patience': {args: ['check', '--patience', '31'], says: /--patience.*at most 30\b/},
  'an option of another driver': {args: ['run', 'three-nodes', '--attach'], says: /--driver docker/},
  'a name that cannot name a lab': {args: ['up', 'three-nodes', '--name', 'Mine!'], says: /^error\[usage\]: Mine! cannot name a lab/},
  'check, with no lab running': {args: ['check'], says: /^error\[usage\]: no lab is running\n {3}= help: .*podwire up/},
  'exec, with no lab running': {args: ['exec', 'node1', '--', 'true'], says: /^error\[usage\]: no lab is running/},
  'graph, with no lab running': {args: ['graph'], says: /^error\[usage\]: no lab is running/},
  'ui, with no lab running': {args: ['ui'], says: /^error\[usage\]: no lab is running/},
  'a lab that is named twice': {args: ['check', 'mine', '--lab', 'other'], says: /^error\[usage\]: mine and --lab other are two labs/},
  'a picture of no kind': {args: ['graph', '--format', 'jpeg'], says: /^error\[usage\]: no picture jpeg\n {3}= help: .*png/},
  'down, of a lab that is not there': {args: ['down', 'mine'], says: /^error\[usage\]: no lab mine is running/},
}

function schemaOf(kind: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../../fixtures/schema/${kind}.json`, import.meta.url), 'utf8')) as Record<string, unknown>
}

function nowhere(): {env: Record<string, string>; remove(): void} {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  if (NOBODY) chownSync(folder, NOBODY.uid, NOBODY.gid)
  return {env: {XDG_RUNTIME_DIR: folder}, remove: () => rmSync(folder, {recursive: true})}
}

test('with --json bad usage is told on standard error, and as one document on standard output', async (t) => {
  const fits = new Ajv2020({strict: true}).compile(schemaOf('error'))
  for (const args of [
    ['runn', '--json'],
    ['run', 'three-nodes', '--json', '--drver', 'local'],
    ['run', 'three-node', '--json'],
    ['run', 'three-node', '--report', 'json'],
    ['run', 'three-nodes', '--json', '--report', 'pdf'],
    ['up', 'three-nodes', '--json', '--name', 'Mine!'],
    ['check', '--json'],
  ]) {
    const {env, remove} = nowhere()
    t.teardown(remove)
    const {code, stdout, stderr} = await podwireAsNobody(args, env)
    t.is(code, 2)
    const document = JSON.parse(stdout) as {exit: number; problems: {message: string}[]}
    t.true(fits(document), `${args.join(' ')}: ${JSON.stringify(fits.errors)}`)
    t.is(document.exit, 2)
    t.true(stderr.includes(document.problems[0]?.message.split('\n')[0] ?? 'nothing'), stderr)
  }
})

test('what is given to exec to run asks for no JSON of podwire', async (t) => {
  const {env, remove} = nowhere()
  t.teardown(remove)
  const {code, stdout} = await podwireAsNobody(['exec', 'node1', '--', 'ip', '--json', 'addr'], env)
  t.deepEqual([code, stdout], [2, ''])
})

test('a folder for reports that cannot be one is told before anything starts', async (t) => {
  const {env, remove} = nowhere()
  t.teardown(remove)
  const {code, stdout, stderr} = await podwireAsNobody(['run', 'three-nodes', '--out', '/etc/hostname'], env)
  t.deepEqual([code, stdout], [2, ''])
  t.regex(stderr, /^error\[usage\]: reports cannot be written to \/etc\/hostname: it is no folder\n/)
})

for (const [title, {args, says}] of Object.entries(MISTAKES)) {
  test(`bad usage: ${title} ends with 2, in words on standard error alone`, async (t) => {
    const {env, remove} = nowhere()
    t.teardown(remove)
    const {code, stdout, stderr} = await podwireAsNobody(args, env)
    t.deepEqual([code, stdout], [2, ''])
    t.regex(stderr, says)
    t.notRegex(stderr, /\n {4}at /) // no stack
  })
}

test('help ends with 0, on standard output alone, and lists every command', async (t) => {
  const {code, stdout, stderr} = await podwireAsNobody(['--help'])
  t.deepEqual([code, stderr], [0, ''])
  for (const command of COMMANDS) t.regex(stdout, new RegExp(`^  ${command}\\b`, 'm'))
})

for (const command of COMMANDS) {
  test(`help on ${command} has an example of it`, async (t) => {
    const {code, stdout} = await podwireAsNobody([command, '--help'])
    t.is(code, 0)
    t.regex(stdout, new RegExp(`Examples:\\n  podwire ${command}\\b`))
  })
}

test('the version is a version', async (t) => {
  const {code, stdout} = await podwireAsNobody(['--version'])
  t.is(code, 0)
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/)
})

test('where no lab runs, ls says so, and as JSON an empty list', async (t) => {
  const {env, remove} = nowhere()
  t.teardown(remove)
  const told = await podwireAsNobody(['ls'], env)
  t.deepEqual([told.code, told.stdout.split('\n')[0]], [0, 'no lab is running; start one: podwire up three-nodes'])
  const json = await podwireAsNobody(['ls', '--json'], env)
  t.deepEqual([json.code, JSON.parse(json.stdout)], [0, {format: 1, kind: 'labs', labs: []}])
})

test('without a terminal nothing is coloured', async (t) => {
  const {stderr} = await podwireAsNobody(['run', 'three-node'])
  t.false(stderr.includes('\x1b'))
})
