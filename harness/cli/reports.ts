// --report and --out: which formats go where, that they can be written there, and their writing. A file is written whole or
// not at all, and never before the run is over.
import {randomBytes} from 'node:crypto'
import {
  accessSync,
  appendFileSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import {basename, dirname, join, resolve} from 'node:path'
import {bundlePage} from '../bundle.ts'
import {MachineError} from '../driver.ts'
import {suiteOf} from '../report/cases.ts'
import {documentOf, type Ended, isCutShort, nameOf} from '../report/ended.ts'
import {githubText} from '../report/github.ts'
import {markdownText} from '../report/markdown.ts'
import {messageText} from '../report/message.ts'
import {suggestion} from '../scenario/problem.ts'
import {UsageError} from './exit.ts'
import {outcomeText} from './narrate.ts'
import {complain} from './terminal.ts'

/** What each format's files end in. */
const FORMATS = {text: 'txt', json: 'json', html: 'html', junit: 'xml', tap: 'tap', markdown: 'md', github: 'github.txt'} as const
type Format = keyof typeof FORMATS

export interface Destination<Name extends string = Format> {
  readonly format: Name
  /** A file; undefined for standard output. */
  readonly path: string | undefined
}

export interface ReportOptions {
  /** FORMAT, FORMAT=FILE or FORMAT=- each. */
  readonly report?: readonly string[]
  /** The folder of those that name no file. */
  readonly out?: string
  readonly json?: boolean
}

/**
 * Everything that is to be written, each place once and known to be writable.
 * @param name of the scenario, as files in the folder are called
 * @throws UsageError
 */
export function destinationsOf(options: ReportOptions, name: string): Destination[] {
  return destinationsAmong(FORMATS, options, name)
}

/** As destinationsOf, of other formats than a run's. @param formats with what each one's files end in; json is among them */
export function destinationsAmong<Name extends string>(
  formats: Readonly<Record<Name | 'json', string>>,
  {report = [], out, json}: ReportOptions,
  name: string,
): Destination<Name | 'json'>[] {
  if (out !== undefined) prepareFolder(out)
  const asked = report.length === 0 && out !== undefined ? ['json'] : report
  const found = asked.map((text) => destinationOf(formats, text, out, name))
  // --json is json=-, also beside files.
  if (json && !found.some(({format, path}) => format === 'json' && path === undefined)) found.push({format: 'json', path: undefined})
  for (const [index, {path}] of found.entries()) {
    if (path === undefined) continue
    if (found.some((other, at) => at < index && other.path !== undefined && fileOf(other.path) === fileOf(path)))
      throw new UsageError(`two reports cannot both be ${path}`, ['name two files'])
    prepareFile(path)
  }
  const [first, second] = found.filter(isDocument)
  if (first && second)
    throw new UsageError(`standard output holds one report: ${first.format} or ${second.format}`, [
      `give one a file: --report ${second.format}=FILE`,
    ])
  return found
}

/** Standard output is this format's alone: people read elsewhere. Annotations and text stand among other lines. */
export function isDocument({format, path}: Destination<string>): boolean {
  return path === undefined && format !== 'text' && format !== 'github'
}

/** Some report shows the whole lab on its way: facts and matrices are kept for it, and in every other report's data too. */
export function isShown(destinations: readonly Destination[]): boolean {
  return destinations.some(({format}) => format === 'html')
}

/**
 * What takes more than words to write is made before anything starts.
 * @throws MachineError where it cannot be
 */
export async function prepareReports(destinations: readonly Destination[]): Promise<void> {
  if (isShown(destinations)) await bundlePage('report')
}

function destinationOf<Name extends string>(
  formats: Readonly<Record<Name, string>>,
  text: string,
  out: string | undefined,
  name: string,
): Destination<Name> {
  const [, asked = '', path] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? []
  if (!Object.hasOwn(formats, asked)) {
    const all = `there is ${Object.keys(formats).join(', ')}`
    throw new UsageError(`no report ${asked}`, [...new Set([suggestion(asked, Object.keys(formats)), all])])
  }
  const format = asked as Name
  if (path === '')
    throw new UsageError(`--report ${format}= names no file`, [`--report ${format}=FILE, or ${format}=- for standard output`])
  if (path === '-') return {format, path: undefined}
  if (path !== undefined) return {format, path: resolve(path)}
  // Annotations are read in what a step prints.
  if (out === undefined || format === 'github') return {format, path: undefined}
  return {format, path: resolve(out, `${name}.${formats[format]}`)}
}

/**
 * Makes the folder before anything starts, so that no result is lost for want of one. One level at a time: Node's own
 * recursive mkdir never ends where the kernel refuses with ENOENT, as /proc does.
 */
function prepareFolder(out: string): void {
  try {
    if (!existsSync(out)) mkdirSync(out)
    if (!statSync(out).isDirectory()) throw new Error('it is no folder')
    accessSync(out, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new UsageError(`reports cannot be written to ${out}: ${wordsOf(error)}`, [
      'name a folder that is there, or one to be made in one that is',
    ])
  }
}

/** A file is made beside the path and taken away again: permissions alone do not tell, of /proc and full disks not even root's. */
export function prepareFile(path: string): void {
  try {
    const stats = statSync(path, {throwIfNoEntry: false})
    if (stats?.isDirectory()) throw new Error('it is a folder')
    if (stats) accessSync(path, constants.W_OK)
    if (!isReplaced(path, stats)) return
    const draft = draftOf(path)
    try {
      writeFileSync(draft, '', {flag: 'wx'})
    } finally {
      rmSync(draft, {force: true})
    }
  } catch (error) {
    const folder = dirname(path)
    const help = existsSync(folder) ? 'name another file, or - for standard output' : `make its folder first: mkdir -p ${folder}`
    throw new UsageError(`nothing can be written to ${path}: ${wordsOf(error)}`, [help])
  }
}

/** Devices and pipes are written to as they are, and so is what several commands of a GitHub step add to. */
function isReplaced(path: string, stats: Stats | undefined): boolean {
  return (stats?.isFile() ?? true) && !isStepSummary(path)
}

function isStepSummary(path: string): boolean {
  const summary = process.env.GITHUB_STEP_SUMMARY ?? ''
  return summary !== '' && resolve(summary) === path
}

/** What is behind symbolic links: one file has one name here, whether it is there already or not. */
function fileOf(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  const folder = dirname(path)
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path
}

/** In the same folder, so that the renaming is one step; a symbolic link stays one. */
function draftOf(path: string): string {
  const real = fileOf(path)
  return join(dirname(real), `.${basename(real)}.${process.pid}-${randomBytes(4).toString('hex')}`)
}

/**
 * @param quiet says nothing of the files
 * @throws MachineError when a file cannot be written; the others are
 */
export function writeReports(ended: Ended, destinations: readonly Destination[], quiet = false): Promise<void> {
  return writeEach(destinations, (format) => textOf(ended, format), quiet)
}

/**
 * Writes each format where it is wanted, text on standard output aside.
 * @throws MachineError when a file cannot be written; the others are
 */
export async function writeEach<Name extends string>(
  destinations: readonly Destination<Name>[],
  textFor: (format: Name) => string | Promise<string>,
  quiet = false,
): Promise<void> {
  const document = destinations.some(isDocument)
  const failures: string[] = []
  for (const {format, path} of destinations) {
    // People's text has told it on the way.
    if (format === 'text' && path === undefined) continue
    const text = await textFor(format)
    if (path === undefined) (format === 'github' && document ? process.stderr : process.stdout).write(text)
    else {
      try {
        writeWhole(path, text)
        if (!quiet) complain(`wrote ${path}`)
      } catch (error) {
        failures.push(`${path}: ${wordsOf(error)}`)
      }
    }
  }
  if (failures.length > 0) throw new MachineError('report-not-written', failures.join('; '))
}

/** @throws Error of the kernel's, and nothing has changed */
export function writeWhole(path: string, text: string | Uint8Array): void {
  const stats = statSync(path, {throwIfNoEntry: false})
  if (!isReplaced(path, stats)) {
    appendFileSync(path, text)
    return
  }
  const draft = draftOf(path)
  try {
    writeFileSync(draft, text, {flag: 'wx'})
    if (stats) chmodSync(draft, stats.mode)
    renameSync(draft, fileOf(path))
  } finally {
    rmSync(draft, {force: true})
  }
}

async function textOf(ended: Ended, format: Format): Promise<string> {
  if (format === 'text') return `${plainText(ended)}\n`
  if (format === 'json') return `${JSON.stringify(documentOf(ended), undefined, 2)}\n`
  if (format === 'html') return (await import('../report/html.ts')).htmlOf(ended, await bundlePage('report'))
  // GitHub takes paths from the checkout's folder on.
  const suite = suiteOf(ended, process.env.GITHUB_WORKSPACE || process.cwd())
  if (format === 'github') return githubText(suite)
  if (format === 'markdown') return markdownText(ended, suite)
  // Loaded when they are asked for: an XML library is slower than a small lab.
  if (format === 'tap') return (await import('../report/tap.ts')).tapText(suite)
  return (await import('../report/junit.ts')).junitXml(suite)
}

function plainText(ended: Ended): string {
  if (!isCutShort(ended)) return outcomeText(ended, PAPER)
  return [`${nameOf(ended)} has no result`, ...ended.problems.map((problem) => messageText(problem, PAPER.paint))].join('\n\n')
}

/** Neither colours nor a width. */
const PAPER = {paint: (_: string, text: string) => text, width: Number.POSITIVE_INFINITY}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
