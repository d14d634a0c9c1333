// From a name or a path to a validated Scenario.
import {existsSync, readdirSync, statSync} from 'node:fs'
import {registerHooks} from 'node:module'
import {basename, isAbsolute, join, resolve} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {inspect} from 'node:util'
import type {Scenario} from '../model.ts'
import type {LiteralError} from '../scenario.ts'
import {statementLine, syntaxErrorLine} from './locate.ts'
import {type Problem, ScenarioError, suggestion} from './problem.ts'
import {validate} from './validate.ts'

const SCENARIOS = fileURLToPath(new URL('../../scenarios/', import.meta.url))
const AUTHORING = new URL('../scenario.ts', import.meta.url).href

/** The names of the scenarios that come with podwire, in alphabetical order. */
export function scenarioNames(): string[] {
  return ['', 'broken'].flatMap((folder) => namesIn(folder)).sort()
}

function namesIn(folder: string): string[] {
  const path = join(SCENARIOS, folder)
  if (!existsSync(path)) return []
  return readdirSync(path)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, basename(file, '.ts')))
}

/**
 * @param reference a name in scenarios/, or a path to a file (anything with a slash or an ending)
 * @throws ScenarioError when there is no such scenario, it cannot be read, or it has problems
 */
export async function loadScenario(reference: string): Promise<Scenario> {
  const file = fileFor(reference)
  letScenariosImportPodwire()
  let declared: unknown
  try {
    declared = ((await settled(import(pathToFileURL(file).href))) as {default?: unknown}).default
  } catch (error) {
    throw new ScenarioError([loadProblem(error, file)])
  }
  return validate(declared, basename(file).replace(/\.[cm]?[jt]s$/, ''), file)
}

function fileFor(reference: string): string {
  if (scenarioNames().includes(reference)) return join(SCENARIOS, `${reference}.ts`)
  const isPath = reference.includes('/') || /\.[cm]?[jt]s$/.test(reference)
  const path = isAbsolute(reference) ? reference : resolve(reference)
  const found = isPath ? statSync(path, {throwIfNoEntry: false}) : undefined
  if (found?.isFile()) return path
  throw new ScenarioError([
    found
      ? {code: 'scenario-not-readable', message: `${reference} is ${found.isDirectory() ? 'a folder' : 'no ordinary file'}, no scenario`}
      : {
          code: 'unknown-scenario',
          message: isPath ? `there is no file ${reference}` : `there is no scenario ${reference}`,
          help: suggestion(reference, scenarioNames()),
        },
  ])
}

/** A scenario is data: what takes longer than this to declare it waits for something that does not come. */
const LOAD_LIMIT = 10_000

class UnsettledError extends Error {
  override readonly name = 'UnsettledError'
}

/** Called when nothing is left that could go on. One listener for all: each would count as a leak of its own. */
const idle = new Set<() => void>()
process.on('beforeExit', () => {
  for (const call of idle) call()
})

/** @throws UnsettledError when the file awaits what never comes: at once where nothing is left that could bring it */
async function settled<T>(loading: Promise<T>): Promise<T> {
  const {promise: never, reject} = Promise.withResolvers<never>()
  const giveUp = () => reject(new UnsettledError('the file awaits something that never comes'))
  const limit = setTimeout(giveUp, LOAD_LIMIT).unref()
  idle.add(giveUp)
  try {
    return await Promise.race([loading, never])
  } finally {
    clearTimeout(limit)
    idle.delete(giveUp)
  }
}

let hooked = false

/** `import ... from 'podwire'` in a scenario file means this podwire, wherever the file lies. */
function letScenariosImportPodwire(): void {
  if (hooked) return
  hooked = true
  registerHooks({
    resolve: (specifier, context, next) => (specifier === 'podwire' ? {url: AUTHORING, shortCircuit: true} : next(specifier, context)),
  })
}

function loadProblem(error: unknown, file: string): Problem {
  if (isLiteralError(error))
    return {code: 'step-not-literal', message: error.message, source: error.source, help: 'write the value out, once for each place'}
  if (error instanceof UnsettledError) return {...NOT_READABLE, message: error.message, ...at(file, statementLine(file, 'await'))}
  if (!(error instanceof Error))
    return {
      ...NOT_READABLE,
      message: `the file throws ${inspect(error, {depth: 0, breakLength: Number.POSITIVE_INFINITY})}`,
      ...at(file, statementLine(file, 'throw')),
    }
  // A file that does not parse is named in the first line of the stack, by its path; one that throws, in the first frame
  // that is its own, by its path or its URL.
  const names = [file, pathToFileURL(file).href]
  const line = String(error.stack ?? '')
    .split('\n')
    .find((text) => names.some((name) => text.includes(`${name}:`)))
    ?.match(/:(\d+)(?::\d+)?\)?$/)?.[1]
  const [words = ''] = String(error.message).split('\n')
  return {
    ...NOT_READABLE,
    message: words === '' ? `the file throws ${error.name}` : words,
    ...at(file, line === undefined ? syntaxErrorLine(file) : Number(line)),
  }
}

const NOT_READABLE = {code: 'scenario-not-readable'}

function at(file: string, line: number | undefined): Pick<Problem, 'source' | 'note'> {
  return line === undefined ? {note: `the file is ${file}`} : {source: {file, line}}
}

/** By name: a loader that transpiles (tsx) may have given the scenario file a copy of the module, and so another class. */
function isLiteralError(error: unknown): error is LiteralError {
  return error instanceof Error && error.name === 'LiteralError'
}
