// The order of harness/: a file imports from rows above its own, or from its own row, never downwards and never in a
// circle. A folder is one row; drivers are not, since no driver knows another.
import {globSync, readFileSync} from 'node:fs'
import {dirname, join, normalize} from 'node:path'
import {fileURLToPath} from 'node:url'
import {type Node, parse} from 'acorn'
import test from 'ava'
import {transformSync} from 'esbuild'

const HARNESS = fileURLToPath(new URL('../harness/', import.meta.url))

/** From the top of architecture.md's list to its end. What ends in / is a folder with all that is in it. */
const ROWS = [
  'model.ts',
  'documents.ts',
  'address.ts',
  'scenario.ts',
  'scenario/',
  'command.ts',
  'driver.ts',
  'identity.ts',
  'turn.ts',
  'packages.ts',
  'session.ts',
  'drivers/',
  'needs.ts',
  'daemons.ts',
  'lab.ts',
  'facts/',
  'kept/',
  'kept.ts',
  'faults/',
  'probe/',
  'trace/',
  'trace.ts',
  'both-ways.ts',
  'asking.ts',
  'capture/',
  'diagnose/',
  'evidence/',
  // Below the diagnosis: a claim that should fail by a cause is judged by what `podwire diagnose` would say.
  'checks/',
  // The picture of a lab: needs the facts, and who is plugged into whom.
  'topology/',
  'examine.ts',
  'explain.ts',
  'trial.ts',
  'compare/',
  // A row above what it makes a bundle of, which it names by path alone.
  'bundle.ts',
  'report/',
  // A running lab that is followed, and served.
  'watch/',
  'ui/',
  // What runs in a browser.
  'page/',
  'cli/',
]

/** Files of harness/ and their sources. */
type Sources = Readonly<Record<string, string>>

function sourcesOfHarness(): Sources {
  return Object.fromEntries(globSync('**/*.{ts,tsx}', {cwd: HARNESS}).map((file) => [file, readFileSync(join(HARNESS, file), 'utf8')]))
}

const known = new Map<string, string[]>()

/** What a file imports, statically, dynamically or for its types alone. */
function importsOf(source: string): string[] {
  const found = known.get(source) ?? importsIn(source)
  known.set(source, found)
  return found
}

function importsIn(source: string): string[] {
  // Without types whole `import type` statements would be gone, which count here: without the word they are imports like others.
  const written = source.replaceAll(/^(import|export) type (?=[{*])/gm, '$1 ')
  const {code: plain} = transformSync(written, {
    loader: 'tsx',
    jsx: 'automatic',
    tsconfigRaw: {compilerOptions: {verbatimModuleSyntax: true}},
  })
  const found: string[] = []
  walk(parse(plain, {ecmaVersion: 'latest', sourceType: 'module'}), (node) => {
    if (!/^(Import|Export(Named|All))Declaration$|^ImportExpression$/.test(node.type)) return
    const from = (node as {source?: {value?: unknown} | null}).source?.value
    if (typeof from === 'string') found.push(from)
  })
  return found
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  for (const value of Object.values(node).flat() as unknown[]) {
    if (typeof value === 'object' && value !== null && 'type' in value) walk(value as Node, visit)
  }
}

/** The files of harness/ that each imports. */
function graphOf(sources: Sources): Map<string, string[]> {
  return new Map(
    Object.entries(sources).map(([file, source]) => {
      const own = importsOf(source).filter((specifier) => specifier.startsWith('.') && !specifier.endsWith('.css'))
      return [file, own.map((specifier) => normalize(join(dirname(file), specifier)))]
    }),
  )
}

function rowOf(file: string): number {
  return ROWS.findIndex((row) => file === row || (row.endsWith('/') && file.startsWith(row)))
}

/** `drivers/docker/exec.ts` is of docker, and so is `drivers/docker.ts`. */
function driverOf(file: string): string | undefined {
  return /^drivers\/([^/.]+)/.exec(file)?.[1]
}

/** What breaks the order, in words. */
function breaches(sources: Sources): string[] {
  const graph = graphOf(sources)
  const found: string[] = []
  for (const [file, imports] of graph) {
    if (rowOf(file) < 0) found.push(`${file} has no row`)
    for (const other of imports) {
      if (!graph.has(other)) found.push(`${file} imports ${other}, which is not there`)
      else if (rowOf(other) > rowOf(file)) found.push(`${file} imports ${other}, from a row below its own`)
      else if (driverOf(file) && driverOf(other) && driverOf(file) !== driverOf(other))
        found.push(`${file} imports ${other}, another driver`)
    }
    if (reachable(file, graph).has(file)) found.push(`${file} imports itself, in a circle`)
  }
  return found
}

function reachable(file: string, graph: ReadonlyMap<string, readonly string[]>, seen = new Set<string>()): Set<string> {
  for (const other of graph.get(file) ?? []) {
    if (seen.has(other)) continue
    seen.add(other)
    reachable(other, graph, seen)
  }
  return seen
}

test('every import of harness/ points upwards, and none goes in a circle', (t) => {
  const sources = sourcesOfHarness()
  t.true(Object.keys(sources).length > 40)
  t.deepEqual(breaches(sources), [])
})

test('the model imports nothing, and the authoring of scenarios no more than the model', (t) => {
  const {'model.ts': model = '', 'scenario.ts': authoring = ''} = sourcesOfHarness()
  t.deepEqual(importsOf(model), [])
  t.deepEqual(
    importsOf(authoring).filter((specifier) => !specifier.startsWith('node:')),
    ['./model.ts'],
  )
})

test('scenarios import podwire and nothing else, and broken ones the scenario that they break', (t) => {
  const folder = fileURLToPath(new URL('../scenarios/', import.meta.url))
  const files = globSync('**/*.ts', {cwd: folder})
  t.true(files.length > 0)
  for (const file of files) {
    const [first, ...others] = importsOf(readFileSync(join(folder, file), 'utf8'))
    t.is(first, 'podwire', file)
    const base = others.length === 1 && others[0]?.startsWith('../') ? [join(dirname(file), others[0])] : others
    t.deepEqual(base, file.startsWith('broken/') ? base.filter((path) => !path.includes('/') && files.includes(path)) : [], file)
  }
})

test('imports are found however they are written', (t) => {
  const source = `
    import a, {type B} from './a.ts'
export type {C} from './c.ts'
import type {D} from './d.ts'
import type * as E from './e.ts'
export * from './f.ts'
import './g.ts'
const h: number = (await import('./h.ts')).h as number
// import x from './comment.ts'
const text = "import x from './text.ts'"
type Alias = {import: string}
`
  t.deepEqual(importsOf(source).sort(), ['./a.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.ts', './h.ts'])
})

for (const [title, {file, specifier, says}] of Object.entries({
  'an import from a row below': {file: 'model.ts', specifier: './driver.ts', says: 'model.ts imports driver.ts, from a row below its own'},
  'an import of scenario/ by scenario.ts': {
    file: 'scenario.ts',
    specifier: './scenario/load.ts',
    says: 'scenario.ts imports scenario/load.ts, from a row below its own',
  },
  'an import of one driver by another': {
    file: 'drivers/local.ts',
    specifier: './docker/engine.ts',
    says: 'drivers/local.ts imports drivers/docker/engine.ts, another driver',
  },
  'an import in a circle within a row': {
    file: 'checks/verdict.ts',
    specifier: './check.ts',
    says: 'checks/verdict.ts imports itself, in a circle',
  },
  'an import of what is not there': {file: 'lab.ts', specifier: './helpers.ts', says: 'lab.ts imports helpers.ts, which is not there'},
  'a file in no row': {file: 'utils.ts', specifier: 'node:fs', says: 'utils.ts has no row'},
})) {
  for (const how of [`import {x} from '${specifier}'`, `import type {X} from '${specifier}'`, `void import('${specifier}')`]) {
    test(`${title} is found: ${how}`, (t) => {
      const sources = sourcesOfHarness()
      t.true(breaches({...sources, [file]: `${how}\n${sources[file] ?? ''}`}).includes(says))
    })
  }
}
