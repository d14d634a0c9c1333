// Where reports go: bad places are told before anything starts, and what a run without rights can still write is written.
import {chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {NOBODY, podwireAsNobody} from '../tools/podwire.ts'

function folderFor(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  if (NOBODY) chownSync(folder, NOBODY.uid, NOBODY.gid)
  t.teardown(() => rmSync(folder, {recursive: true}))
  return folder
}

const run = (folder: string, ...args: readonly string[]) =>
  podwireAsNobody(['run', 'three-node', ...args], {XDG_RUNTIME_DIR: folder, HOME: folder})

const BAD: Readonly<Record<string, {args: (folder: string) => string[]; says: RegExp}>> = {
  'a format that is nearly one': {args: () => ['--report', 'junti=x.xml'], says: /no report junti\n {3}= help: did you mean junit\?/},
  'a file without a name': {args: () => ['--report', 'junit='], says: /--report junit= names no file\n {3}= help: .*junit=FILE/},
  'a folder that is not there': {
    args: (folder) => ['--report', `junit=${folder}/no/such/x.xml`],
    says: /can be written to .*x\.xml: ENOENT.*\n {3}= help: make its folder first: mkdir -p .*\/no\/such/,
  },
  'a folder in place of a file': {args: (folder) => ['--report', `tap=${folder}`], says: /can be written to .*: it is a folder\n/},
  'a folder that is another’s': {args: () => ['--report', 'tap=/etc/x.tap'], says: /can be written to \/etc\/x\.tap: EACCES/},
  'a folder that holds no files': {args: () => ['--report', 'tap=/proc/x.tap'], says: /can be written to \/proc\/x\.tap: E/},
  'one file for two': {
    args: (folder) => ['--report', `tap=${folder}/x`, '--report', `junit=${folder}/./x`],
    says: /two reports cannot both be .*\/x\n/,
  },
  'standard output for two': {
    args: () => ['--report', 'tap', '--report', 'junit=-'],
    says: /standard output holds one report: tap or junit\n {3}= help: give one a file: --report junit=FILE/,
  },
}

for (const [title, {args, says}] of Object.entries(BAD)) {
  test(`${title} is told before anything starts, and leaves nothing`, async (t) => {
    const folder = folderFor(t)
    const {code, stdout, stderr} = await run(folder, ...args(folder))
    t.deepEqual([code, stdout], [2, ''], stderr)
    t.regex(stderr, says)
    t.regex(stderr, /^error\[usage\]: /)
    t.deepEqual(readdirSync(folder), [])
  })
}

test('one file for two is told also where a symbolic link gives it two names', async (t) => {
  const folder = folderFor(t)
  mkdirSync(join(folder, 'real'))
  symlinkSync('real', join(folder, 'other'))
  symlinkSync('real/x', join(folder, 'link'))
  writeFileSync(join(folder, 'real/x'), 'old')
  if (NOBODY) for (const path of ['real', 'real/x']) chownSync(join(folder, path), NOBODY.uid, NOBODY.gid)
  for (const [one, two] of [
    ['real/new', 'other/new'],
    ['real/x', 'link'],
  ]) {
    const {code, stderr} = await run(folder, '--report', `tap=${folder}/${one}`, '--report', `junit=${folder}/${two}`)
    t.is(code, 2)
    t.regex(stderr, new RegExp(`two reports cannot both be .*/${two}\n`))
  }
  t.deepEqual(readdirSync(join(folder, 'real')), ['x'])
  t.is(readFileSync(join(folder, 'link'), 'utf8'), 'old')
})

test('a scenario that cannot be read is a report in every format, whole, and nothing beside it', async (t) => {
  const folder = folderFor(t)
  const files = {junit: 'x.xml', tap: 'x.tap', markdown: 'x.md', json: 'x.json', text: 'x.txt', github: 'x.github'}
  writeFileSync(join(folder, 'x.xml'), 'an old one', {mode: 0o640})
  if (NOBODY) chownSync(join(folder, 'x.xml'), NOBODY.uid, NOBODY.gid)
  const {code, stdout, stderr} = await run(
    folder,
    ...Object.entries(files).flatMap(([format, file]) => ['--report', `${format}=${folder}/${file}`]),
  )
  t.deepEqual([code, stdout], [2, ''])
  t.deepEqual(readdirSync(folder).sort(), Object.values(files).sort(), stderr)
  for (const file of Object.values(files)) t.regex(readFileSync(join(folder, file), 'utf8'), /there is no scenario three-node/, file)
  t.regex(readFileSync(join(folder, 'x.xml'), 'utf8'), /<\/testsuites>\n$/)
})

test('a link to a file stays one, and the file is replaced', async (t) => {
  const folder = folderFor(t)
  mkdirSync(join(folder, 'real'))
  if (NOBODY) chownSync(join(folder, 'real'), NOBODY.uid, NOBODY.gid)
  writeFileSync(join(folder, 'real/x.tap'), 'old')
  chmodSync(join(folder, 'real/x.tap'), 0o666)
  symlinkSync('real/x.tap', join(folder, 'link.tap'))
  await run(folder, '--report', `tap=${folder}/link.tap`)
  t.regex(readFileSync(join(folder, 'real/x.tap'), 'utf8'), /^TAP version 13\n/)
  t.deepEqual(readdirSync(join(folder, 'real')), ['x.tap'])
})

test('annotations stand on standard output; beside a report that has it for itself, on standard error', async (t) => {
  const folder = folderFor(t)
  const alone = await run(folder, '--report', 'github')
  t.regex(alone.stdout, /^::error title=podwire three-node%3A unknown-scenario::there is no scenario three-node%0A.*\n$/)
  const both = await run(folder, '--report', 'github', '--report', 'tap')
  t.regex(both.stdout, /^TAP version 13\n/)
  t.notRegex(both.stdout, /::error/)
  t.regex(both.stderr, /^::error title=/m)
})

test('a step’s summary is added to, as GitHub has it, and any other file replaced', async (t) => {
  const folder = folderFor(t)
  const summary = join(folder, 'summary.md')
  writeFileSync(summary, 'what another command said\n')
  chmodSync(summary, 0o666)
  const env = {XDG_RUNTIME_DIR: folder, HOME: folder, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary}
  await podwireAsNobody(['run', 'three-node', '--report', `markdown=${summary}`], env)
  await podwireAsNobody(['run', 'three-nods', '--report', `markdown=${summary}`], env)
  t.regex(readFileSync(summary, 'utf8'), /^what another command said\n## ✗ three-node: [\s\S]*\n## ✗ three-nods: /)
  await podwireAsNobody(['run', 'three-nods', '--report', `markdown=${summary}`], {...env, GITHUB_STEP_SUMMARY: ''})
  t.regex(readFileSync(summary, 'utf8'), /^## ✗ three-nods: /)
})

test('in a GitHub step nothing is written or annotated that was not asked for', async (t) => {
  const folder = folderFor(t)
  const summary = join(folder, 'summary.md')
  writeFileSync(summary, '')
  chmodSync(summary, 0o666)
  const {stdout, stderr} = await podwireAsNobody(['run', 'three-node'], {
    XDG_RUNTIME_DIR: folder,
    GITHUB_ACTIONS: 'true',
    GITHUB_STEP_SUMMARY: summary,
  })
  t.deepEqual([stdout, readFileSync(summary, 'utf8')], ['', ''])
  t.notRegex(stderr, /::/)
})

test('a device that is full is told, and so is what the report would have said', async (t) => {
  const folder = folderFor(t)
  const {code, stderr} = await run(folder, '--report', 'tap=/dev/full')
  t.is(code, 2)
  t.regex(stderr, /^error\[report-not-written\]: \/dev\/full: ENOSPC/m)
  t.regex(stderr, /^error\[unknown-scenario\]: /m)
})
