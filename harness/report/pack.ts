// A document small enough to stand in a page, and quick to read there: what stands in it many times stands there once, and long
// lists of like records are columns. Nothing is lost: unpacked it is the document that --json prints. rows.ts reads columns
// without making records of them.
import type {Column, Packed, PackedTable, Struct} from './rows.ts'

/** Lists of records that grow with the pairs. */
const TABLES: readonly string[] = ['probes', 'pairs', 'matrix']

/** A subtree that is shorter than a reference to it, and some more, is not worth one. */
const SHORTEST = 40

type Json = null | boolean | number | string | readonly Json[] | {readonly [key: string]: Json | undefined}
type JsonRecord = {readonly [key: string]: Json | undefined}

interface Subtree {
  readonly id: number
  /** Some bytes more or less. */
  readonly size: number
  /** In how many others it stands, equal ones counted once. */
  times: number
  /** Its place among what is shared. */
  at?: number
}

/** @param document plain data, as JSON.stringify takes it */
export function pack(document: unknown): Packed {
  return new Packer().pack(document as Json)
}

class Packer {
  readonly #columns: (readonly Json[])[] = []
  readonly #known = new Map<string, number>()
  readonly #shared: Json[] = []
  /** Subtrees by what they are made of: equal ones are one. */
  readonly #subtrees = new Map<string, Subtree>()
  readonly #of = new Map<object, Subtree>()
  #tables = 0

  pack(document: Json): Packed {
    this.#meet(document, '')
    return {root: this.#encode(document, ''), shared: this.#shared, columns: this.#columns}
  }

  /** Subtrees are named by their parts' names: none is written out to be compared. */
  #meet(value: Json, name: string): {readonly token: string; readonly size: number} {
    if (typeof value !== 'object' || value === null) {
      const token = JSON.stringify(value)
      return {token, size: token.length}
    }
    if (isTable(value, name)) return {token: `table ${this.#tables++}`, size: 0}
    const parts = Object.entries(value).flatMap(([key, part]) => {
      if (part === undefined) return []
      return [{key, part, ...this.#meet(part, isList(value) ? '' : key)}]
    })
    const text = parts.map(({key, token}) => (isList(value) ? token : `${JSON.stringify(key)}:${token}`)).join()
    const token = isList(value) ? `[${text}]` : `{${text}}`
    const known = this.#subtrees.get(token)
    const size = parts.reduce((sum, {key, size: own}) => sum + own + (isList(value) ? 1 : key.length + 4), 2)
    const subtree = known ?? {id: this.#subtrees.size, size, times: 0}
    if (!known) {
      this.#subtrees.set(token, subtree)
      for (const {part} of parts) {
        const inner = typeof part === 'object' && part !== null ? this.#of.get(part) : undefined
        if (inner) inner.times++
      }
    }
    this.#of.set(value, subtree)
    return {token: `#${subtree.id}`, size}
  }

  #encode(value: Json, name: string): Json {
    if (typeof value !== 'object' || value === null) return value
    if (isTable(value, name)) return {$table: this.#table(value) as unknown as Json}
    const subtree = this.#of.get(value)
    if (!subtree || subtree.times < 2 || subtree.size < SHORTEST) return this.#parts(value)
    subtree.at ??= this.#shared.push(this.#parts(value)) - 1
    return {$: subtree.at}
  }

  #parts(value: readonly Json[] | JsonRecord): Json {
    if (isList(value)) return value.map((part) => this.#encode(part, ''))
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, part]) => (part === undefined ? [] : [[escaped(key), this.#encode(part, key)]])),
    )
  }

  #table(records: readonly JsonRecord[]): PackedTable {
    return {length: records.length, ...this.#struct(records)}
  }

  #struct(records: readonly JsonRecord[]): Struct {
    const names = [...new Set(records.flatMap((record) => Object.keys(record)))]
    const fields = names.flatMap((name) => {
      const values = records.map((record) => record[name])
      return values.every((value) => value === undefined) ? [] : [[name, this.#column(values)] as const]
    })
    return {fields: Object.fromEntries(fields)}
  }

  #column(values: readonly (Json | undefined)[]): Column {
    const there = values.filter((value) => value !== undefined)
    const presence = there.length === values.length ? {} : {there: this.#list(values.map((value) => (value === undefined ? 0 : 1)))}
    if (there.every(isRecord)) return {...presence, struct: this.#struct(there)}
    const keys = there.every((value) => typeof value !== 'object' || value === null) ? there : there.map((value) => JSON.stringify(value))
    const distinct = new Map<Json, number>()
    const words: Json[] = []
    const places = keys.map((key, index) => {
      const known = distinct.get(key)
      if (known !== undefined) return known
      distinct.set(key, words.length)
      return words.push(there[index] as Json) - 1
    })
    if (words.length === 1) return {...presence, value: words[0]}
    if (words.length * 4 > there.length && there.every((value) => typeof value === 'number')) return {...presence, list: this.#list(there)}
    return {...presence, words, list: this.#list(places)}
  }

  /** Equal lists are one: who asked is mostly who sent. */
  #list(values: readonly Json[]): number {
    const text = JSON.stringify(values)
    const known = this.#known.get(text) ?? this.#columns.push(values) - 1
    this.#known.set(text, known)
    return known
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function isRecord(value: Json): value is JsonRecord {
  return typeof value === 'object' && value !== null && !isList(value)
}

function isTable(value: Json, name: string): value is readonly JsonRecord[] {
  return TABLES.includes(name) && isList(value) && value.length > 0 && value.every(isRecord)
}

/** A key that looks like one of the marks gets a second. */
function escaped(key: string): string {
  return key.startsWith('$') ? `$${key}` : key
}
