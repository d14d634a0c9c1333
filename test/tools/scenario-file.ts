// A scenario written to a file of its own, since what is wrong with one is told by its line there.
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {ExecutionContext} from 'ava'
import type {Scenario} from '../../harness/model.ts'
import {loadScenario} from '../../harness/scenario/load.ts'
import {type Problem, ScenarioError} from '../../harness/scenario/problem.ts'

/** A scenario without a mistake. Tests replace one thing in it. */
export const SOUND = `import {noNat, on, reach, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'two nodes',
  underlay: '192.168.1.0/24',
  nodes: {
    node1: '192.168.1.11',
    node2: '192.168.1.12',
  },
  pods: {
    pod1: {node: 'node1', address: '10.244.1.2'},
    pod2: {
      node: 'node2',
      address: '10.244.2.2',
    },
  },
  steps: [
    ...stage('a namespace for each pod'),
    ...on('node1')\`
      ip netns add pod1
    \`,
    ...on('node2')\`
      ip netns add pod2
    \`,
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
`

/** SOUND with one thing replaced, which must be there. */
export function soundBut(what: string, by: string): string {
  if (!SOUND.includes(what)) throw new Error(`a sound scenario has no ${what}`)
  return SOUND.replace(what, () => by)
}

/** SOUND with these claims instead of its own, on a line of theirs; everything that podwire exports is there. */
export function claimsLast(claims: string): string {
  return soundBut('[reach.all(), noNat.all(), uniqueAddress.all()]', `[\n    ${claims},\n  ]`).replace(
    "from 'podwire'",
    "from 'podwire'\nimport {answersAt, hops, ownSubnet, runs} from 'podwire'",
  )
}

/** The 1-based line of the first occurrence. */
export function lineWith(text: string, what: string): number {
  const index = text.split('\n').findIndex((line) => line.includes(what))
  if (index < 0) throw new Error(`no line has ${what}`)
  return index + 1
}

/** Writes a file for as long as the test runs; anyone may read it. */
export function temporaryFile(t: ExecutionContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  chmodSync(folder, 0o755)
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

export function load(t: ExecutionContext, text: string): Promise<Scenario> {
  return loadScenario(temporaryFile(t, 'mine.ts', text))
}

/** What is wrong with a scenario, each with the line it is told at. */
export async function problemsOf(t: ExecutionContext, text: string): Promise<(Omit<Problem, 'source'> & {line: number | undefined})[]> {
  const file = temporaryFile(t, 'mine.ts', text)
  const error = await t.throwsAsync(loadScenario(file), {instanceOf: ScenarioError})
  return (error?.problems ?? []).map(({source, ...problem}) => {
    if (source) t.is(source.file, file)
    return {...problem, line: source?.line}
  })
}
