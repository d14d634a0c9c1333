// Reports of runs on real kernels: one that passes, one that fails and is diagnosed, one whose line is refused, one that this
// machine cannot run, one without pods, and runs that are interrupted at any time. Each file is whole, and alone in its folder.
import {chownSync, mkdirSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {ExecutionContext} from 'ava'
import {validateXML} from 'xmllint-wasm'
import {type Ended, type Home, makeHome} from './tools/home.ts'
import {asRoot, LOCAL, onEach, type Runner} from './tools/runners.ts'
import {threeNodesAnd, twoNodesWith} from './tools/scenarios.ts'
import {mistakesIn} from './tools/schema.ts'

const SCHEMA = readFileSync(new URL('../../fixtures/junit/junit-10.xsd', import.meta.url), 'utf8')
const FILES = {junit: 'r.xml', tap: 'r.tap', markdown: 'r.md', json: 'r.json', github: 'r.github', text: 'r.txt'} as const
const ASKED = Object.entries(FILES).flatMap(([format, file]) => ['--report', `${format}=out/${file}`])

/** A folder that whoever runs podwire can write to. */
function makeOut(home: Home, {user}: Runner): string {
  const out = join(home.folder, 'out')
  mkdirSync(out)
  if (user) chownSync(out, user.uid, user.gid)
  return out
}

/** All files, none of them half. */
async function readAll(t: ExecutionContext, out: string): Promise<Record<keyof typeof FILES, string>> {
  t.deepEqual(readdirSync(out).sort(), Object.values(FILES).sort())
  const read = Object.fromEntries(Object.entries(FILES).map(([format, file]) => [format, readFileSync(join(out, file), 'utf8')]))
  const found = read as Record<keyof typeof FILES, string>
  const {errors} = await validateXML({xml: {fileName: 'r.xml', contents: found.junit}, schema: SCHEMA})
  t.deepEqual(errors, [])
  const document = JSON.parse(found.json) as {kind: string}
  t.deepEqual(mistakesIn(document, document.kind as 'result' | 'error'), [])
  return found
}

onEach(LOCAL, 'a run that passes, and its twin that fails: the cause stands in each format, at the claim’s own line', async (t, runner) => {
  await using home = makeHome(runner)
  const out = makeOut(home, runner)
  const passed = await home.podwire(['run', 'three-nodes', '--driver', 'local', ...ASKED])
  t.is(passed.code, 0, passed.stderr)
  const good = await readAll(t, out)
  t.is(good.github, '')
  t.regex(good.junit, / failures="0" errors="0" skipped="0"/)
  t.notRegex(good.tap, /^not ok/m)
  t.regex(good.markdown, /^## ✓ three-nodes: pass\n/)
  t.false('diagnoses' in JSON.parse(good.json))

  home.write('hole.ts', threeNodesAnd('      ip route del 10.244.1.0/24'))
  const failed = await home.podwire(['run', './hole.ts', '--driver', 'local', '--patience', '0.3', ...ASKED])
  t.is(failed.code, 1, failed.stderr)
  const bad = await readAll(t, out)
  for (const format of ['junit', 'tap', 'markdown', 'github', 'text'] as const) {
    t.regex(bad[format], /cause: no-route/, format)
    t.regex(bad[format], /on node2: ip route add 10\.244\.1\.0\/24 via 192\.168\.1\.11/, format)
  }
  t.regex(failed.stdout, /cause: no-route/)
  t.regex(bad.github, /^::error file=.*scenarios\/three-nodes\.ts,line=\d+,title=podwire hole%3A reach::204 of 252 pass, 48 fail/)
  const {diagnoses} = JSON.parse(bad.json) as {diagnoses: {cause: string; where: {node: string}}[]}
  t.deepEqual(
    diagnoses.map(({cause, where}) => [cause, where.node]),
    [['no-route', 'node2']],
  )
})

onEach(LOCAL, 'a line that is refused: an annotation at that line, and what was not reached is skipped', async (t, runner) => {
  await using home = makeHome(runner)
  const out = makeOut(home, runner)
  home.write('refused.ts', twoNodesWith('    ip route add 10.9.0.0/24 via 192.168.51.1'))
  const {code} = await home.podwire(['run', './refused.ts', '--driver', 'local', ...ASKED])
  t.is(code, 1)
  const read = await readAll(t, out)
  t.regex(read.github, /^::error file=refused\.ts,line=8,title=[^:]*::node2 refused a step, exit 2%0A.*Nexthop has invalid gateway/)
  t.regex(read.junit, /<failure message="node2 refused a step, exit 2" type="step-failed">refused\.ts:8\n/)
  t.regex(read.tap, /^ok \d+ - reach at the end # SKIP not reached$/m)
  const {exit, run} = JSON.parse(read.json) as {exit: number; run: {history: {exitCode: number}[]}}
  t.deepEqual([exit, run.history.map(({exitCode}) => exitCode)], [1, [2]])
})

onEach(LOCAL, 'a machine that cannot: exit 3, and each format says why', async (t, runner) => {
  await using home = makeHome(runner)
  const out = makeOut(home, runner)
  const {code, stderr} = await home.podwire(['run', 'three-nodes', '--driver', 'docker', ...ASKED], {
    env: {DOCKER_HOST: 'unix:///nowhere.sock'},
  })
  t.is(code, 3)
  const why = /^error\[([a-z-]+)\]/m.exec(stderr)?.[1] ?? 'no error'
  const read = await readAll(t, out)
  for (const format of Object.keys(FILES) as (keyof typeof FILES)[]) t.true(read[format].includes(why), format)
  t.regex(read.tap, /^Bail out! /m)
  t.regex(read.junit, /failures="0" errors="1"/)
})

onEach(LOCAL, 'a scenario without pods is reported like any other', async (t, runner) => {
  await using home = makeHome(runner)
  const out = makeOut(home, runner)
  home.write('bare.ts', twoNodesWith('    true'))
  const {code, stderr} = await home.podwire(['run', './bare.ts', '--driver', 'local', ...ASKED])
  t.is(code, 0, stderr)
  const read = await readAll(t, out)
  t.regex(read.tap, /^ok 2 - reach$/m)
})

onEach([asRoot], 'standard output is one format’s alone, whichever it is', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('bare.ts', twoNodesWith('    true'))
  const run = (...argv: string[]) => home.podwire(['run', './bare.ts', '--driver', 'local', ...argv])
  const first: Record<string, RegExp> = {junit: /^<\?xml /, tap: /^TAP version 13\n/, markdown: /^## ✓ bare: pass\n/, json: /^\{\n/}
  for (const [format, begins] of Object.entries(first)) {
    const {code, stdout, stderr}: Ended = await run('--report', format)
    t.deepEqual([code, stderr], [0, ''], format)
    t.regex(stdout, begins)
    t.notRegex(stdout, /^driver local/m)
  }
  const both = await run('--report', 'tap=-', '--report', 'text', '--report', 'github')
  t.regex(both.stdout, /^TAP version 13\n1\.\.2\nok 1 .*\nok 2 .*\n$/)
  t.regex(both.stderr, /driver local[\s\S]* in all/)
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  onEach([asRoot], `a run that ${signal} ends says in each format that it was interrupted, and where`, async (t, runner) => {
    await using home = makeHome(runner)
    const out = makeOut(home, runner)
    home.write('slow.ts', twoNodesWith('    true\n    sleep 50'))
    const begun = home.begin(['run', './slow.ts', '--driver', 'local', ...ASKED])
    await begun.shown(/node2# true/)
    process.kill(begun.pid, signal)
    const {code, stdout, stderr} = await begun.ended
    t.is(code, 130)
    t.regex(stderr, /^(wrote .*\n)*interrupted at stage 1 of 1\n$/)
    t.notRegex(stdout, /sleep 50/)
    const read = await readAll(t, out)
    for (const format of ['junit', 'tap', 'markdown', 'github', 'text', 'json'] as const)
      t.regex(read[format], /interrupted at stage 1 of 1/, format)
    const {exit, run} = JSON.parse(read.json) as {exit: number; run: {history: {command: string}[]}}
    t.deepEqual([exit, run.history.map(({command}) => command)], [130, ['true']])
  })
}

onEach(LOCAL, 'whenever a run is interrupted or killed, a report is whole or the one before it', async (t, runner) => {
  await using home = makeHome(runner)
  const out = makeOut(home, runner)
  home.write('bare.ts', twoNodesWith('    true'))
  const argv = ['run', './bare.ts', '--driver', 'local', '--report', 'tap=out/r.tap', '--report', 'json=out/r.json']
  t.is((await home.podwire(argv)).code, 0)
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    for (const delay of [200, 500, 800, 1200]) {
      const begun = home.begin(argv)
      await new Promise((resolve) => setTimeout(resolve, delay))
      if (begun.process.exitCode === null) process.kill(begun.pid, signal)
      await begun.ended
      t.deepEqual(readdirSync(out).sort(), ['r.json', 'r.tap'], `${signal} after ${delay} ms`)
      const document = JSON.parse(readFileSync(join(out, 'r.json'), 'utf8')) as {kind: string}
      t.deepEqual(mistakesIn(document, document.kind as 'result' | 'error'), [])
      t.regex(readFileSync(join(out, 'r.tap'), 'utf8'), /^TAP version 13\n1\.\.\d+\n[\s\S]*\n$/)
    }
  }
})
