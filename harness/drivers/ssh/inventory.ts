// Which machine is which node: an inventory (a YAML or JSON file), the command line, or the hosts of ~/.ssh/config.
import {readFileSync} from 'node:fs'
import {dirname, resolve} from 'node:path'
import * as v from 'valibot'
import {type Document, isMap, isNode, LineCounter, parseDocument} from 'yaml'
import {suggestion} from '../../scenario/problem.ts'
import {parseDestination, type Resolver, resolver, type SshOptions, type Wanted} from './config.ts'
import type {Target} from './handle.ts'

/** What is wrong with an inventory, and what would be right. */
export class InventoryError extends Error {
  override readonly name = 'InventoryError'
  readonly help: readonly string[]

  constructor(message: string, help: readonly string[] = []) {
    super(message)
    this.help = help
  }
}

const port = v.pipe(v.number('a port is a number'), v.integer(), v.minValue(1), v.maxValue(65535, 'a port is at most 65535'))
const text = v.pipe(v.string('it takes text'), v.nonEmpty('it is empty'))
const shared = {
  user: v.optional(text),
  port: v.optional(port),
  /** A file with a private key, seen from the inventory's folder. */
  key: v.optional(text),
  /** [user@]host[:port]; several with commas, the nearest first; none. */
  jump: v.optional(text),
}
const machine = v.strictObject({...shared, host: text, underlay: v.optional(v.pipe(text, v.ip('it takes an IP address')))})
const inventory = v.strictObject({
  /** For every node that does not say otherwise. */
  defaults: v.optional(v.strictObject(shared)),
  /** By the scenario's names: an object, or [user@]host[:port]. */
  nodes: v.record(text, v.union([text, machine])),
})

const KEYS = [...Object.keys(machine.entries), ...Object.keys(inventory.entries)]

export type Inventory = ReadonlyMap<string, Wanted>

/** @param file what it is called in messages; keys are seen from its folder */
export function parseInventory(content: string, file: string): Inventory {
  const lines = new LineCounter()
  const document = parseDocument(content, {lineCounter: lines})
  const [mistake] = document.errors
  if (mistake) throw new InventoryError(`${file} cannot be read: ${mistake.message.split('\n')[0]}`, EXAMPLE)
  const {success, output, issues} = v.safeParse(inventory, document.toJS())
  if (!success) {
    const {words, path} = wrong(issues)
    throw new InventoryError(`${file}:${lineOf(document, path, lines)}: ${words}`, EXAMPLE)
  }
  const {defaults = {}, nodes} = output
  return new Map(
    Object.entries(nodes).map(([name, said]): [string, Wanted] => {
      const own = typeof said === 'string' ? destination(said, `${file}: ${name}`) : said
      const wanted: Wanted = {...defaults, ...own}
      return [name, {...wanted, ...(wanted.key !== undefined && !wanted.key.startsWith('~') && {key: resolve(dirname(file), wanted.key)})}]
    }),
  )
}

/** @throws InventoryError when it is not there, or is none */
function readInventory(file: string): Inventory {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    throw new InventoryError(`the inventory cannot be read: ${error instanceof Error ? error.message : error}`, EXAMPLE)
  }
  return parseInventory(content, file)
}

const EXAMPLE = ['an inventory reads: nodes: {node1: {host: 192.0.2.11, user: root, key: ~/.ssh/id_ed25519}, node2: root@192.0.2.12}']

interface Wrong {
  readonly words: string
  /** The keys that lead there. */
  readonly path: readonly string[]
}

function wrong(issues: readonly v.BaseIssue<unknown>[]): Wrong {
  const [first] = issues
  // Of a node that is neither text nor an object of the right kind, what is wrong with the object is what helps.
  const within = first?.type === 'union' ? (first.issues ?? []).filter(({path}) => path !== undefined) : issues
  const issue = within.find(({expected}) => expected === 'never') ?? within[0] ?? first
  if (!issue) return {words: 'it is no inventory', path: []}
  const path = [...(issues.includes(issue) ? [] : [first]), issue].flatMap((each) => each?.path?.map(({key}) => String(key)) ?? [])
  const name = path.join('.')
  const key = String(issue.path?.at(-1)?.key ?? '')
  if (issue.type === 'strict_object' && issue.expected === 'never') return {words: `${name} is not known; ${suggestion(key, KEYS)}`, path}
  if (issue.received === 'undefined') return {words: `${name} is missing`, path}
  return {words: `${name === '' ? 'it' : name} cannot be right: ${issue.message}`, path}
}

/** Of what the keys lead to, or of the nearest thing around it that is there. */
function lineOf(document: Document, path: readonly string[], lines: LineCounter): number {
  const around = path.length === 0 ? document.contents : document.getIn(path.slice(0, -1), true)
  const pair = isMap(around) ? around.items.find(({key}) => String(isNode(key) ? key : '') === path.at(-1)) : undefined
  const found = isNode(pair?.key) ? pair.key : isNode(around) ? around : document.contents
  return lines.linePos(found?.range?.[0] ?? 0).line
}

export interface Machines extends SshOptions {
  readonly inventory?: string | undefined
  /** NAME=[user@]host[:port]; these go before the inventory. */
  readonly nodes?: readonly string[] | undefined
}

/**
 * From names of nodes to their machines, all three sources together.
 * @throws InventoryError when a file or an option is wrong, or, from the function, when nothing says where a node is
 */
export function machinesFrom({inventory: file, nodes: given = [], ...options}: Machines): (nodes: readonly string[]) => Target[] {
  const said = new Map(file === undefined ? [] : readInventory(file))
  for (const each of given) {
    const [, name, where] = /^([^=]+)=(.+)$/.exec(each) ?? []
    if (name === undefined || where === undefined)
      throw new InventoryError(`${each} is no NAME=[user@]host[:port]`, ['--node node1=root@192.0.2.11'])
    said.set(name, {...said.get(name), ...destination(where, `--node ${each}`)})
  }
  const resolved = configured(options)
  return (nodes) =>
    nodes.map((name) => {
      const wanted = said.get(name) ?? (resolved.hasHost(name) ? {host: name} : undefined)
      if (wanted) return resolvedTarget(resolved, wanted)
      const known = [...said.keys()]
      throw new InventoryError(`nothing says which machine ${name} is`, [
        known.length > 0 ? suggestion(name, known) : `--node ${name}=root@192.0.2.11, a Host ${name} in ~/.ssh/config, or an --inventory`,
      ])
    })
}

function resolvedTarget(resolved: Resolver, wanted: Wanted): Target {
  try {
    return resolved(wanted)
  } catch (error) {
    throw new InventoryError(error instanceof Error ? error.message : String(error))
  }
}

function configured(options: SshOptions): Resolver {
  try {
    return resolver(options)
  } catch (error) {
    throw new InventoryError(`the SSH configuration cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

function destination(words: string, where: string): Wanted {
  try {
    return parseDestination(words)
  } catch (error) {
    throw new InventoryError(`${where}: ${error instanceof Error ? error.message : error}`)
  }
}

/** Every name that the inventory or the command line has, for who asks about all of them. */
export function namesIn({inventory: file, nodes = []}: Machines): string[] {
  const named = nodes.map((each) => each.split('=')[0] ?? '')
  return [...new Set([...(file === undefined ? [] : readInventory(file).keys()), ...named])]
}
