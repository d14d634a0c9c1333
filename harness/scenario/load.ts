// From a name or a path to a validated Scenario.
import {existsSync, readdirSync} from 'node:fs'
import {registerHooks} from 'node:module'
import {basename, isAbsolute, join, resolve} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import type {Scenario} from '../model.ts'
import type {LiteralError} from '../scenario.ts'
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
    declared = ((await import(pathToFileURL(file).href)) as {default?: unknown}).default
  } catch (error) {
    throw new ScenarioError([loadProblem(error, file)])
  }
  return validate(declared, basename(file).replace(/\.[cm]?[jt]s$/, ''), file)
}

function fileFor(reference: string): string {
  if (scenarioNames().includes(reference)) return join(SCENARIOS, `${reference}.ts`)
  const isPath = reference.includes('/') || /\.[cm]?[jt]s$/.test(reference)
  const path = isAbsolute(reference) ? reference : resolve(reference)
  if (isPath && existsSync(path)) return path
  throw new ScenarioError([
    {
      code: 'unknown-scenario',
      message: isPath ? `there is no file ${reference}` : `there is no scenario ${reference}`,
      help: suggestion(reference, scenarioNames()),
    },
  ])
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
  const {message, stack = ''} = error instanceof Error ? error : {message: String(error)}
  // A file that does not parse is named in the first line of the stack; one that throws, in the first frame that is its own.
  const line = stack
    .split('\n')
    .find((text) => text.includes(file))
    ?.match(/:(\d+)(?::\d+)?\)?$/)?.[1]
  return {
    code: 'scenario-not-readable',
    message: message.split('\n')[0] ?? message,
    source: {file, line: line === undefined ? 1 : Number(line)},
  }
}

/** By name: a loader that transpiles (tsx) may have given the scenario file a copy of the module, and so another class. */
function isLiteralError(error: unknown): error is LiteralError {
  return error instanceof Error && error.name === 'LiteralError'
}
