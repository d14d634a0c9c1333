// Where in a scenario file a declared value stands. Only needed once something is wrong with it: a declaration is a
// plain object and does not know its lines, so the file is parsed again.

import {readFileSync} from 'node:fs'
import {stripTypeScriptTypes} from 'node:module'
import {type Node, type ObjectExpression, type Property, parse} from 'acorn'

/**
 * The line of the value at `path` in the object handed to scenario(), or of the nearest thing around it that is there.
 * Undefined when the file calls no scenario() with an object literal.
 */
export function lineOf(file: string, path: readonly string[]): number | undefined {
  const declaration = declarationIn(readFileSync(file, 'utf8'))
  if (!declaration) return undefined
  let node: Node = declaration
  for (const key of path) {
    if (node.type !== 'ObjectExpression') break
    const property: Property | undefined = (node as ObjectExpression).properties.find(
      (candidate): candidate is Property => candidate.type === 'Property' && keyOf(candidate) === key,
    )
    if (!property) break
    node = property.value
  }
  return node.loc?.start.line
}

/** Names declared twice in nodes, pods, hosts or files: JavaScript keeps the last and says nothing. */
export function duplicateKeys(file: string): {key: string; line: number; firstLine: number}[] {
  const declaration = declarationIn(readFileSync(file, 'utf8'))
  const objects = [declaration, ...(declaration?.properties ?? []).map((property) => (property.type === 'Property' ? property.value : undefined))]
  return objects.flatMap((object) => (object?.type === 'ObjectExpression' ? twiceIn(object as ObjectExpression) : []))
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

function declarationIn(source: string): ObjectExpression | undefined {
  // Types become blanks of the same length, so lines stay where they are (module.stripTypeScriptTypes, mode strip).
  const program = parse(stripTypeScriptTypes(source), {ecmaVersion: 'latest', sourceType: 'module', locations: true})
  for (const statement of program.body) {
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
