// The records of kept labs. Root's are in /run, where other labs of this machine have theirs: this is tried as a user.
import {chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {moduleAsNobody, NOBODY} from '../tools/podwire.ts'

const KEPT = new URL('../../harness/kept.ts', import.meta.url).href
const LAB = {lab: 'mine', driver: 'local', handle: {keeper: {pid: 1, started: '2'}}, scenario: '/x.ts', startedAt: 3}

/** A user's folder for runtime files. */
function runtimeFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  chmodSync(folder, 0o700)
  if (NOBODY) chownSync(folder, NOBODY.uid, NOBODY.gid)
  return folder
}

/** What a module says that calls the records' functions. */
async function say(t: ExecutionContext, folder: string, body: string): Promise<unknown> {
  const source = `import {forgetLab, rememberedLabs, rememberLab} from ${JSON.stringify(KEPT)}\nconst LAB = ${JSON.stringify(LAB)}\n${body}`
  const {code, stdout, stderr} = await moduleAsNobody(source, {XDG_RUNTIME_DIR: folder})
  t.is(code, 0, stderr)
  return JSON.parse(stdout) as unknown
}

test('where nothing was ever kept there is no lab', async (t) => {
  t.deepEqual(await say(t, runtimeFolder(t), 'console.log(JSON.stringify(rememberedLabs()))'), [])
})

test('a kept lab is found by another process as it was, and not after it was forgotten', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, "rememberLab(LAB); rememberLab({...LAB, lab: 'other'}); console.log(1)")
  t.deepEqual(await say(t, folder, 'console.log(JSON.stringify(rememberedLabs()))'), [LAB, {...LAB, lab: 'other'}])
  await say(t, folder, "forgetLab('mine'); forgetLab('mine'); forgetLab('never'); console.log(1)")
  t.deepEqual(await say(t, folder, 'console.log(JSON.stringify(rememberedLabs()))'), [{...LAB, lab: 'other'}])
})

test('a lab that is kept again replaces its record', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, 'rememberLab(LAB); rememberLab({...LAB, startedAt: 4}); console.log(1)')
  t.deepEqual(await say(t, folder, 'console.log(JSON.stringify(rememberedLabs()))'), [{...LAB, startedAt: 4}])
})

test('a user’s records are the user’s alone', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, 'rememberLab(LAB); console.log(1)')
  t.is(statSync(join(folder, 'podwire/labs')).mode & 0o777, 0o700)
  t.is(statSync(join(folder, 'podwire/labs/mine.json')).mode & 0o777, 0o600)
})

test('what is no record is passed over', async (t) => {
  const folder = runtimeFolder(t)
  await say(t, folder, 'rememberLab(LAB); console.log(1)')
  for (const [name, content] of [
    ['half.json', '{"lab": "ha'],
    ['note.txt', 'x'],
    ['mine.json.new', '{}'],
  ] as const) {
    writeFileSync(join(folder, 'podwire/labs', name), content, {mode: 0o644})
  }
  t.deepEqual(await say(t, folder, 'console.log(JSON.stringify(rememberedLabs()))'), [LAB])
})
