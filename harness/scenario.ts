// What a scenario file is written with. Everything here makes plain data; nothing starts, and nothing is checked yet:
// scenario/validate.ts does that when the file is loaded, so that all mistakes are told at once, each with its line.
import {fileURLToPath} from 'node:url'
import type {Claim, SourceLine} from './model.ts'

/** A node or pod name as a key, its declaration as the value. */
export interface Declaration {
  /** One sentence. */
  readonly title: string
  /** The network that joins the nodes, in CIDR notation. */
  readonly underlay: string
  /** name: address on the underlay */
  readonly nodes: Readonly<Record<string, string>>
  /** name: the node it is on and the address that it should answer at. Its namespace has its name. */
  readonly pods: Readonly<Record<string, {readonly node: string; readonly address: string}>>
  readonly steps: readonly DeclaredStep[]
  readonly checks: readonly Claim[]
}

export type DeclaredStep =
  | {readonly kind: 'stage'; readonly title: string; readonly sentence?: string}
  | {readonly kind: 'step'; readonly node: string; readonly command: string; readonly source: SourceLine}

/** What a scenario file exports by default. */
export interface DeclaredScenario extends Declaration {
  readonly kind: 'scenario'
}

/** Declares a scenario: nodes, pods, the literal steps that wire them, and what should hold afterwards. */
export function scenario(declaration: Declaration): DeclaredScenario {
  return {kind: 'scenario', ...declaration}
}

/** Begins a stage. All nodes finish a stage before the next begins. `sentence` is what the document says of it, in its words. */
export function stage(title: string, sentence?: string): DeclaredStep[] {
  return [{kind: 'stage', title, ...(sentence !== undefined && {sentence})}]
}

/**
 * Literal shell lines for one node, as a person would type them there; a line ending in `\` goes on in the next.
 * Empty lines and lines that begin with # are left out. Nothing can be filled in: a step is written out.
 *
 *     ...on('node1')`
 *       ip link add v-net-0 type bridge
 *     `
 */
export function on(node: string): (lines: TemplateStringsArray, ...filled: never[]) => DeclaredStep[] {
  return (template, ...filled) => {
    const {file, line} = callSite()
    if (filled.length > 0) throw new LiteralError({file, line})
    const steps: DeclaredStep[] = []
    let unfinished: {command: string; line: number} | undefined
    for (const [index, raw] of (template.raw[0] ?? '').split('\n').entries()) {
      const text = raw.trim()
      const begun = unfinished ?? {command: '', line: line + index}
      unfinished = undefined
      if (begun.command === '' && (text === '' || text.startsWith('#'))) continue
      if (text.endsWith('\\')) unfinished = {command: `${begun.command}${text.slice(0, -1)}`, line: begun.line}
      else steps.push({kind: 'step', node, command: begun.command + text, source: {file, line: begun.line}})
    }
    if (unfinished) steps.push({kind: 'step', node, command: `${unfinished.command}\\`, source: {file, line: unfinished.line}})
    return steps
  }
}

/** Every place reaches every other: ICMP, TCP and UDP, in a small packet and at the full MTU with Don't Fragment set. */
export const reach = {all: (): Claim => ({check: 'reach'})}

/** Nothing translates an address or port on the way, in either direction, by what the receivers saw. */
export const noNat = {all: (): Claim => ({check: 'no-nat'})}

/** No two places hold the same address, and every pod holds its own. */
export const uniqueAddress = {all: (): Claim => ({check: 'unique-address'})}

/** A step was built from parts. */
export class LiteralError extends Error {
  override readonly name = 'LiteralError'
  readonly source: SourceLine

  constructor(source: SourceLine) {
    super('a step is literal: nothing can be filled in')
    this.source = source
  }
}

/**
 * The line of the scenario file that used the tag. Read from the stack's text, not from V8's frames: only the text goes
 * through source maps, where the file was transpiled on the way (tsx) and not merely stripped of its types.
 */
function callSite(): SourceLine {
  const frame = new Error('where').stack?.split('\n')[3] ?? ''
  const [, where, line] = /\(?((?:file:\/\/)?\/[^()]*):(\d+):\d+\)?$/.exec(frame) ?? []
  if (where === undefined) return {file: '', line: 0}
  return {file: where.startsWith('file:') ? fileURLToPath(where) : where, line: Number(line)}
}
