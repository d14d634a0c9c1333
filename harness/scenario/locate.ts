// Where in a scenario file a declared value stands. Only needed once something is wrong with it: a declaration is a
// plain object and does not know its lines, so the file is parsed again.

import {readFileSync} from 'node:fs'
import {stripTypeScriptTypes} from 'node:module'
import {
  type ArrayExpression,
  type CallExpression,
  type Identifier,
  type Node,
  type ObjectExpression,
  type Program,
  type Property,
  parse,
  type TaggedTemplateExpression,
} from 'acorn'

/**
 * The line of the value at `path` in the object handed to scenario(), or of the nearest thing around it that is there.
 * Undefined when the file calls no scenario() with an object literal.
 */
export function lineOf(file: string, path: readonly string[]): number | undefined {
  const declaration = declarationIn(readFileSync(file, 'utf8'))
  if (!declaration) return undefined
  let node: Node = declaration
  for (const key of path) {
    if (node.type === 'ArrayExpression') {
      const element = elementAt(node as ArrayExpression, Number(key))
      if (!element) break
      node = element
      continue
    }
    if (node.type !== 'ObjectExpression') break
    const property: Property | undefined = (node as ObjectExpression).properties.find(
      (candidate): candidate is Property => candidate.type === 'Property' && keyOf(candidate) === key,
    )
    if (!property) break
    node = property.value
  }
  return node.loc?.start.line
}

/**
 * The element with this index. Behind a spread nobody knows the index: then the first list of steps that was not spread,
 * which is the mistake that people make there.
 */
function elementAt({elements}: ArrayExpression, index: number): Node | undefined {
  const spread = elements.findIndex((element) => element?.type === 'SpreadElement')
  if (spread < 0 || index < spread) return elements[index] ?? undefined
  return elements.find((element) => element !== null && /^(on|stage)$/.test(calledIn(element))) ?? undefined
}

/** `on` for both on('node1')`...` and on('node1'). */
function calledIn(node: Node): string {
  if (node.type === 'TaggedTemplateExpression') return calledIn((node as TaggedTemplateExpression).tag)
  const callee = node.type === 'CallExpression' ? (node as CallExpression).callee : undefined
  return callee?.type === 'Identifier' ? (callee as Identifier).name : ''
}

/** The line of the file's first statement of its own, not within a function, that throws or awaits; undefined when there is none. */
export function statementLine(file: string, kind: 'throw' | 'await'): number | undefined {
  try {
    return firstLine(programOf(readFileSync(file, 'utf8')), kind === 'throw' ? 'ThrowStatement' : 'AwaitExpression')
  } catch {
    return undefined // what it imports may have thrown: then nobody knows whether the file itself is sound
  }
}

/** The line at which a file stops being JavaScript, which Node.js does not always tell; undefined when it is sound. */
export function syntaxErrorLine(file: string): number | undefined {
  try {
    programOf(readFileSync(file, 'utf8'))
    return undefined
  } catch (error) {
    return (error as {loc?: {line?: number}}).loc?.line
  }
}

function firstLine(node: Node, type: string): number | undefined {
  if (node.type === type) return node.loc?.start.line
  if (/Function/.test(node.type)) return undefined
  for (const value of Object.values(node).flat() as unknown[]) {
    const found = typeof value === 'object' && value !== null && 'type' in value ? firstLine(value as Node, type) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** Names that are declared twice in one object: JavaScript keeps the last and says nothing. */
export function duplicateKeys(file: string): {key: string; line: number; firstLine: number}[] {
  return objectsIn(declarationIn(readFileSync(file, 'utf8'))).flatMap(twiceIn)
}

/** Lines where `__proto__` is written as a name: JavaScript takes it for an order, and there is no such key afterwards. */
export function prototypeKeys(file: string): number[] {
  return objectsIn(declarationIn(readFileSync(file, 'utf8'))).flatMap(({properties}) =>
    properties.flatMap((property) =>
      property.type === 'Property' && !property.computed && keyOf(property) === '__proto__' ? [property.loc?.start.line ?? 1] : [],
    ),
  )
}

/** An object and all within it. */
function objectsIn(object: ObjectExpression | undefined): ObjectExpression[] {
  if (!object) return []
  const inner = object.properties.map((property) => (property.type === 'Property' ? property.value : undefined))
  return [object, ...inner.flatMap((value) => (value?.type === 'ObjectExpression' ? objectsIn(value as ObjectExpression) : []))]
}

function twiceIn({properties}: ObjectExpression): {key: string; line: number; firstLine: number}[] {
  const first = new Map<string, number>()
  return properties.flatMap((property) => {
    const key = property.type === 'Property' && !property.computed ? keyOf(property) : undefined
    if (key === undefined) return []
    const line = property.loc?.start.line ?? 1
    const firstLine = first.get(key)
    if (firstLine !== undefined) return [{key, line, firstLine}]
    first.set(key, line)
    return []
  })
}

/** The line of `export default`; undefined when there is none. */
export function defaultExportLine(file: string): number | undefined {
  const program = programOf(readFileSync(file, 'utf8'))
  return program.body.find(({type}) => type === 'ExportDefaultDeclaration')?.loc?.start.line
}

function programOf(source: string): Program {
  // Types become blanks of the same length, so lines stay where they are (module.stripTypeScriptTypes, mode strip).
  return parse(stripTypeScriptTypes(source), {ecmaVersion: 'latest', sourceType: 'module', locations: true})
}

function declarationIn(source: string): ObjectExpression | undefined {
  for (const statement of programOf(source).body) {
    const expression = statement.type === 'ExportDefaultDeclaration' ? statement.declaration : undefined
    if (expression?.type !== 'CallExpression') continue
    const argument = expression.arguments[0]
    if (argument?.type === 'ObjectExpression') return argument
  }
  return undefined
}

function keyOf(property: Property): string | undefined {
  if (property.key.type === 'Identifier') return property.key.name
  return property.key.type === 'Literal' ? String(property.key.value) : undefined
}
