// Long lists of like records, kept as columns: read one by one, or one field of all. Of pack.ts's making; needs no Node.js.

/** Enough of an array to read it. */
export interface Rows<T> {
  readonly length: number
  at(index: number): T | undefined
}

/** What pack.ts makes of a document. */
export interface Packed {
  readonly root: unknown
  /** Subtrees that stand in several places, where `{"$": index}` is. */
  readonly shared: readonly unknown[]
  readonly columns: readonly (readonly unknown[])[]
}

export interface Struct {
  readonly fields: Readonly<Record<string, Column>>
}

export interface PackedTable extends Struct {
  readonly length: number
}

/** Values of one field, of those records that have it. */
export interface Column {
  /** 1 for each record that has it, 0 for the others; absent where all have. */
  readonly there?: number
  /** All have this one. */
  readonly value?: unknown
  /** The values, or with `words` their places among these. */
  readonly list?: number
  readonly words?: readonly unknown[]
  readonly struct?: Struct
}

/** A list of records as columns. */
export class Table<T> implements Rows<T> {
  readonly length: number
  readonly #struct: Struct
  readonly #columns: Packed['columns']
  /** Of columns that not all records have: each record's place among those that have it, -1 for the others. */
  readonly #places = new Map<Column, Int32Array>()

  constructor({length, ...struct}: PackedTable, columns: Packed['columns']) {
    this.length = length
    this.#struct = struct
    this.#columns = columns
  }

  at(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined
    return this.#record(this.#struct, index) as T
  }

  /** One field of all records, in order; undefined where a record has none. */
  values(field: string): readonly unknown[] {
    const column = this.#struct.fields[field]
    return Array.from({length: this.length}, (_, index) => (column ? this.#value(column, index) : undefined))
  }

  #record(struct: Struct, index: number): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    for (const [name, column] of Object.entries(struct.fields)) {
      const value = this.#value(column, index)
      if (value !== undefined) record[name] = value
    }
    return record
  }

  #value(column: Column, index: number): unknown {
    const place = column.there === undefined ? index : (this.#placesOf(column)[index] ?? -1)
    if (place < 0) return undefined
    if (column.struct) return this.#record(column.struct, place)
    if (column.list === undefined) return column.value
    const value = this.#columns[column.list]?.[place]
    return column.words ? column.words[value as number] : value
  }

  #placesOf(column: Column): Int32Array {
    const known = this.#places.get(column)
    if (known) return known
    let next = 0
    const places = Int32Array.from(this.#columns[column.there as number] as readonly number[], (each) => (each === 1 ? next++ : -1))
    this.#places.set(column, places)
    return places
  }
}

/** The document again, with its long lists as tables. */
export function unpack({root, shared, columns}: Packed): unknown {
  const parts: unknown[] = []
  const decode = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(decode)
    const record = value as Record<string, unknown>
    if (typeof record.$ === 'number') return parts[record.$]
    if (record.$table) return new Table(record.$table as PackedTable, columns)
    return Object.fromEntries(Object.entries(record).map(([key, part]) => [key.startsWith('$$') ? key.slice(1) : key, decode(part)]))
  }
  // What a part refers to stands before it.
  for (const part of shared) parts.push(decode(part))
  return decode(root)
}

/** One field of all records. */
export function valuesOf<T, K extends keyof T & string>(rows: Rows<T>, field: K): readonly (T[K] | undefined)[] {
  if (rows instanceof Table) return rows.values(field) as readonly (T[K] | undefined)[]
  return Array.from({length: rows.length}, (_, index) => rows.at(index)?.[field])
}
