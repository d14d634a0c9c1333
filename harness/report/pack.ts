// A document small enough to stand in a page, and quick to read there: what stands in it many times stands there once, and long
// lists of like records are columns. Nothing is lost: unpacked it is the document that --json prints. rows.ts reads columns
// without making records of them.
import type {Column, List, Packed, PackedTable, Struct} from './rows.ts'

/** Lists of records that grow with the pairs. */
const TABLES: readonly string[] = ['probes', 'pairs', 'matrix']

/** A subtree that is shorter than a reference to it, and some more, is not worth one. */
const SHORTEST = 40

type Json = null | boolean | number | string | readonly Json[] | {readonly [key: string]: Json | undefined}
type JsonRecord = {readonly [key: string]: Json | undefined}

/** What tells values of a column apart; undefined where there is none. */
type Key = null | boolean | number | string | symbol | undefined

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
  readonly #lists: List[] = []
  /** Of each list what it has where, to find equal ones. */
  readonly #keys: (readonly Key[])[] = []
  readonly #composites = new Map<string, symbol>()
  readonly #shared: Json[] = []
  /** Subtrees by what they are made of: equal ones are one. */
  readonly #subtrees = new Map<string, Subtree>()
  readonly #of = new Map<object, Subtree>()
  #tables = 0

  pack(document: Json): Packed {
    this.#meet(document, '')
    return {root: this.#encode(document, ''), shared: this.#shared, lists: this.#lists}
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

  /** Of records of which some may not be there. */
  #struct(records: readonly (JsonRecord | undefined)[]): Struct {
    const names = new Set<string>()
    for (const record of records) for (const name in record) names.add(name)
    const fields = [...names].flatMap((name) => {
      const values = records.map((record) => record?.[name])
      return values.every((value) => value === undefined) ? [] : [[name, this.#column(values)] as const]
    })
    return {fields: Object.fromEntries(fields)}
  }

  #column(values: readonly (Json | undefined)[]): Column {
    const isWhole = values.every((value) => value !== undefined)
    const presence = isWhole ? {} : {there: this.#column(values.map((value) => (value === undefined ? 0 : 1))).list ?? 0}
    if (values.every((value) => value === undefined || isRecord(value))) return {...presence, struct: this.#struct(values as JsonRecord[])}
    const keys = values.map((value) => (typeof value === 'object' && value !== null ? this.#keyOf(value) : value))
    const first = keys.find((key) => key !== undefined)
    if (isWhole && keys.every((key) => key === first)) return {value: values[0]}
    return {...presence, list: this.#list(values, keys)}
  }

  /** Equal ones have the same, and no text has. */
  #keyOf(value: object): symbol {
    const text = JSON.stringify(value)
    const known = this.#composites.get(text) ?? Symbol(text)
    this.#composites.set(text, known)
    return known
  }

  /** Where a value is missing any will do: a list that has the others in their places serves. What was seen is mostly what was sent. */
  #list(values: readonly (Json | undefined)[], keys: readonly Key[]): number {
    const known = this.#keys.findIndex(
      (all) => all.length === keys.length && keys.every((key, index) => key === undefined || key === all[index]),
    )
    if (known >= 0) return known
    const as = this.#keys.findIndex((all) => all.length === keys.length && likeness(keys, all) * 8 > keys.length)
    const like = this.#keys[as]
    this.#keys.push(keys)
    const places = new Map<Key, number>()
    const words: Json[] = like ? [null] : []
    const list = keys.map((key, index) => {
      if (key === undefined || (like && key === like[index])) return 0
      const place = places.get(key) ?? words.push(values[index] as Json) - 1
      places.set(key, place)
      return place
    })
    const isPlain = !like && words.length * 16 > keys.length && values.every((value) => value === undefined || typeof value === 'number')
    const packed = isPlain ? shortest(values.map((value) => value ?? 0)) : {words, ...shortest(list), ...(like && {as})}
    return this.#lists.push(packed) - 1
  }
}

/** As runs, where few of them do. */
function shortest(list: readonly Json[]): Pick<List, 'list' | 'runs'> {
  const runs: Json[] = []
  let length = 0
  for (const [index, value] of list.entries()) {
    length++
    if (index + 1 < list.length && list[index + 1] === value) continue
    runs.push(length, value)
    length = 0
  }
  return runs.length * 2 < list.length ? {runs} : {list}
}

/** In how many places two lists of scattered numbers are equal; what has few values packs well alone. */
function likeness(keys: readonly Key[], others: readonly Key[]): number {
  const sample = 512
  if (keys.length <= sample || new Set(keys.slice(0, sample)).size < sample / 8) return 0
  return keys.reduce<number>((sum, key, index) => (key !== undefined && key === others[index] ? sum + 1 : sum), 0)
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
