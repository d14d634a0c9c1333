// The records of kept labs. Root's are in /run, where other labs of this machine have theirs: this is tried as a user.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {moduleAsNobody, NOBODY, podwireAsNobody} from '../tools/podwire.ts'
import {RECORDED} from '../tools/recorded.ts'

const KEPT = new URL('../../harness/kept.ts', import.meta.url).href
const KEEPING = {
  driver: 'local',
  handle: {nodes: [], userNamespace: true, keeper: {pid: 4, started: '2'}, shell: {pid: 3, started: '1'}},
  scenario: {name: 'mine', file: '/x.ts', title: 'mine', ...RECORDED, stages: [], claims: []},
  history: [{node: 'node1', command: 'ip link'}],
}

/** A user's folder for runtime files. */
function runtimeFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  chmodSync(folder, 0o700)
  own(folder)
  return folder
}

function own(path: string): void {
  if (NOBODY) chownSync(path, NOBODY.uid, NOBODY.gid)
}

/** What a module says that calls the records' functions. */
async function say(t: ExecutionContext, folder: string, body: string): Promise<unknown> {
  const source = `import {claimLab, forgetLab, noteCommand, remembered} from ${JSON.stringify(KEPT)}
const KEEPING = ${JSON.stringify(KEEPING)}
const keep = async (lab) => (await claimLab(lab)).remember(KEEPING)
const say = (what) => console.log(JSON.stringify(what))
${body}`
  const {code, stdout, stderr} = await moduleAsNobody(source, {XDG_RUNTIME_DIR: folder})
  t.is(code, 0, stderr)
  return JSON.parse(stdout) as unknown
}

const NAMES = 'say(remembered().labs.map(({lab}) => lab))'

test('where nothing was ever kept there is no lab', async (t) => {
  t.deepEqual(await say(t, runtimeFolder(t), 'say(remembered())'), {labs: [], abandoned: [], damaged: []})
})

test('a kept lab is found by another process as it was, and not after it was forgotten', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, "await keep('mine'); await keep('other'); say(1)")
  const found = (await say(t, folder, 'say(remembered().labs)')) as {lab: string}[]
  t.deepEqual(
    found.map(({lab}) => lab),
    ['mine', 'other'],
  )
  t.like(found[0], KEEPING)
  await say(t, folder, 'const [mine] = remembered().labs; await forgetLab(mine); await forgetLab(mine); say(1)')
  t.deepEqual(await say(t, folder, NAMES), ['other'])
})

test('a lab is not forgotten for an earlier one of its name', async (t) => {
  const folder = runtimeFolder(t)
  await say(
    t,
    folder,
    "await keep('mine'); const [mine] = remembered().labs; await forgetLab(mine); await keep('mine'); await forgetLab(mine); say(1)",
  )
  t.deepEqual(await say(t, folder, NAMES), ['mine'])
})

test('a name is claimed once, until its podwire gives it back or ends', async (t) => {
  const folder = runtimeFolder(t)
  const claims = "const kinds = (all) => all.map((claim) => 'release' in claim ? 'claimed' : claim.state)\n"
  const body = `${claims}const first = await claimLab('mine'); const second = await claimLab('mine'); first.release()
    say([...kinds([first, second, await claimLab('mine')]), remembered().labs.length, remembered().abandoned.length])`
  t.deepEqual(await say(t, folder, body), ['claimed', 'starting', 'claimed', 0, 0])
  const next = "const left = remembered().abandoned.length; const claim = await claimLab('mine'); claim.remember(KEEPING); claim.release()"
  t.deepEqual(await say(t, folder, `${claims}${next}; say([left, ...kinds([claim, await claimLab('mine')])])`), [1, 'claimed', 'running'])
})

test('of many that claim a dead podwire’s name at once, one has it', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, "await claimLab('mine'); say(1)")
  // Nobody ends before all have asked: a dead claimer's name would be free again.
  const body = `
    const {mkdirSync, readdirSync} = await import('node:fs')
    const claim = await claimLab('mine')
    mkdirSync('${folder}/asked/' + process.pid, {recursive: true})
    while (readdirSync('${folder}/asked').length < 5) await new Promise((done) => setTimeout(done, 50))
    say('release' in claim)`
  const claimed = await Promise.all(Array.from({length: 5}, () => say(t, folder, body)))
  t.is(claimed.filter(Boolean).length, 1)
})

test('what ran in a lab is written down beside its record, a line each, and goes with it', async (t) => {
  const folder = runtimeFolder(t)
  const entry = {place: 'pod1', argv: ['echo', 'a\nb'], startedAt: 1, endedAt: 2, exitCode: 0}
  const note = `const [mine] = remembered().labs; noteCommand(mine, ${JSON.stringify(entry)})`
  await say(t, folder, `await keep('mine'); say(1)`)
  await Promise.all([1, 2, 3].map(() => say(t, folder, `${note}; say(1)`)))
  const journal = join(folder, 'podwire/labs/mine.journal')
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n')
  t.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [entry, entry, entry],
  )
  await say(t, folder, `${note}; await forgetLab(mine); noteCommand(mine, ${JSON.stringify(entry)}); await keep('mine'); say(1)`)
  t.is(readFileSync(journal, 'utf8'), '')
})

test('what stands beside a record that was removed by hand is of no later lab of the name, and clean removes it', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, `await keep('mine'); say(null)`)
  const labs = join(folder, 'podwire', 'labs')
  const beside = ['mine.facts', 'mine.journal'].map((name) => join(labs, name))
  const [facts = ''] = beside
  const orphaned = () => {
    writeFileSync(facts, '{"podwire": "facts", "version": 1, "places": {}}')
    own(facts)
    rmSync(join(labs, 'mine.json'))
  }
  orphaned()
  await say(t, folder, `await keep('mine'); say(null)`)
  t.false(existsSync(facts))
  t.true(existsSync(join(labs, 'mine.json')))
  orphaned()
  const {code, stdout} = await podwireAsNobody(['clean'], {XDG_RUNTIME_DIR: folder, DOCKER_HOST: 'unix:///nowhere/docker.sock'})
  t.deepEqual([code, stdout], [0, 'removed record of lab mine\n'])
  t.deepEqual(beside.filter(existsSync), [])
})

test('a user’s records are the user’s alone', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, "await keep('mine'); say(1)")
  for (const path of ['podwire', 'podwire/labs']) t.is(statSync(join(folder, path)).mode & 0o777, 0o700)
  for (const path of ['podwire/labs/mine.json', 'podwire/labs/mine.journal']) t.is(statSync(join(folder, path)).mode & 0o777, 0o600)
})

const SPOILED: Readonly<Record<string, {spoil(folder: string): void; says: RegExp}>> = {
  'open to others': {
    spoil: (folder) => chmodSync(join(folder, 'podwire/labs'), 0o770),
    says: /labs is not to be trusted .*: its mode is 0770.*\n {3}= help: .*chmod 700 \S+labs/,
  },
  'in one that is open to others': {
    spoil: (folder) => chmodSync(join(folder, 'podwire'), 0o777),
    says: /podwire is not to be trusted .*: its mode is 0777/,
  },
  'a symbolic link': {
    spoil(folder) {
      renameSync(join(folder, 'podwire/labs'), join(folder, 'elsewhere'))
      symlinkSync(join(folder, 'elsewhere'), join(folder, 'podwire/labs'))
    },
    says: /labs is not to be trusted .*: it is a symbolic link\n {3}= help: .*XDG_RUNTIME_DIR/,
  },
  'no folder': {
    spoil(folder) {
      rmSync(join(folder, 'podwire'), {recursive: true})
      writeFileSync(join(folder, 'podwire'), '')
    },
    says: /podwire is not to be trusted .*: it is no folder/,
  },
  ...(NOBODY && {
    'another user’s': {
      spoil: (folder: string) => chownSync(join(folder, 'podwire'), 12345, 12345),
      says: /podwire (is not to be trusted .*: it belongs to user 12345)\n {3}= help: .*XDG_RUNTIME_DIR/,
    },
  }),
}

for (const [title, {spoil, says}] of Object.entries(SPOILED)) {
  test(`a folder of records that is ${title} is not read: exit 3, and what to do`, async (t) => {
    const folder = runtimeFolder(t)
    await say(t, folder, "await keep('mine'); say(1)")
    spoil(folder)
    for (const args of [['ls'], ['down', '--all'], ['up', 'three-nodes', '--driver', 'local']]) {
      const {code, stdout, stderr} = await podwireAsNobody(args, {XDG_RUNTIME_DIR: folder, NO_COLOR: '1'})
      t.deepEqual([code, stdout], [3, ''], stderr)
      t.regex(stderr, /^error\[state-folder\]: /)
      t.regex(stderr, says)
    }
  })
}

test('a folder for runtime files that is no absolute path counts as none', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, "await keep('not-mine'); say(1)")
  for (const path of ['', folder.slice(1)]) {
    // Run in /, where the relative path leads to the same folder.
    const labs = (await say(t, path, NAMES)) as string[]
    t.false(labs.includes('not-mine'), path)
  }
})

const record = (folder: string, lab = 'mine') =>
  JSON.parse(readFileSync(join(folder, `podwire/labs/${lab}.json`), 'utf8')) as Record<string, unknown>
const identity = {pid: -1, started: '1'}

const DAMAGED: Readonly<Record<string, {content(folder: string): unknown; says: RegExp}>> = {
  'cut off': {content: (folder) => JSON.stringify(record(folder)).slice(0, 400), says: /it is not JSON/},
  'of another version': {content: (folder) => ({...record(folder), format: 2}), says: /another version of podwire/},
  'of another lab': {content: (folder) => ({...record(folder), lab: 'other'}), says: /it is of lab other/},
  'of an unknown driver': {content: (folder) => ({...record(folder), driver: 'ssh'}), says: /./},
  'with a keeper that is every process': {
    content: (folder) => ({...record(folder), handle: {...KEEPING.handle, keeper: identity}}),
    says: /./,
  },
  'without a scenario': {content: (folder) => ({...record(folder), scenario: '/x.ts'}), says: /./},
  'without a history': {content: (folder) => ({...record(folder), history: undefined}), says: /./},
  null: {content: () => null, says: /another version of podwire/},
}

for (const [title, {content, says}] of Object.entries(DAMAGED)) {
  test(`a record that is ${title} is said to be damaged, and not believed`, async (t) => {
    const folder = runtimeFolder(t)
    await say(t, folder, "await keep('mine'); await keep('sound'); say(1)")
    const path = join(folder, 'podwire/labs/mine.json')
    const damaged = content(folder)
    writeFileSync(path, typeof damaged === 'string' ? damaged : JSON.stringify(damaged))
    const found = (await say(t, folder, 'const {labs, damaged} = remembered(); say({labs: labs.map(({lab}) => lab), damaged})')) as {
      labs: string[]
      damaged: {lab: string; path: string; why: string}[]
    }
    t.deepEqual([found.labs, found.damaged.map((one) => [one.lab, one.path])], [['sound'], [['mine', path]]])
    t.regex(found.damaged[0]?.why ?? '', says)
    const {code, stderr} = await podwireAsNobody(['ls', '--json'], {XDG_RUNTIME_DIR: folder})
    t.is(code, 0)
    t.regex(stderr, /^warning\[damaged-record\]: \S+mine\.json is passed over: /)
    const up = await podwireAsNobody(['up', 'three-nodes', '--driver', 'local', '--name', 'mine'], {XDG_RUNTIME_DIR: folder, NO_COLOR: '1'})
    t.is(up.code, 2)
    t.regex(up.stderr, /error\[usage\]: the record of lab mine is damaged: /)
  })
}

test('a record that is not a file of this user’s is not believed', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, "await keep('mine'); say(1)")
  const labs = join(folder, 'podwire/labs')
  symlinkSync(join(labs, 'mine.json'), join(labs, 'link.json'))
  mkdirSync(join(labs, 'folder.json'))
  own(join(labs, 'folder.json'))
  const expected = ['folder', 'link']
  if (NOBODY) {
    writeFileSync(join(labs, 'theirs.json'), JSON.stringify({...record(folder), lab: 'theirs'}), {mode: 0o644})
    expected.push('theirs')
  }
  writeFileSync(join(labs, 'note.txt'), 'x') // no record at all
  t.deepEqual(
    await say(t, folder, 'const {labs, damaged} = remembered(); say([labs, damaged].map((all) => all.map(({lab}) => lab).sort()))'),
    [['mine'], expected],
  )
})
