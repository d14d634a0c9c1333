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
  readonly lists: readonly List[]
}

/** Values, or with `words` their places among these. */
export interface List {
  readonly list?: readonly unknown[]
  /** In place of `list`: how often, what, how often, what ... */
  readonly runs?: readonly unknown[]
  readonly words?: readonly unknown[]
  /** Where the place is 0, another list's value is this one's, too: that list's place in `lists`. */
  readonly as?: number
}

export interface Struct {
  readonly fields: Readonly<Record<string, Column>>
}

export interface PackedTable extends Struct {
  readonly length: number
}

/** Values of one field: the same in all records, a list of `lists`, or records again. */
export interface Column {
  /** A list with 1 for each record that has it and 0 for the others; absent where all have. */
  readonly there?: number
  readonly value?: unknown
  readonly list?: number
  readonly struct?: Struct
}

/** A list of records as columns. */
export class Table<T> implements Rows<T> {
  readonly length: number
  readonly #struct: Struct
  readonly #lists: Packed['lists']
  readonly #drawnOut = new Map<readonly unknown[], readonly unknown[]>()

  constructor({length, ...struct}: PackedTable, lists: Packed['lists']) {
    this.length = length
    this.#struct = struct
    this.#lists = lists
  }

  at(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined
    return this.#record(this.#struct, index) as T
  }

  /** One field of all records, in order; undefined where a record has none. */
  values(field: string): readonly unknown[] {
    const column = this.#struct.fields[field]
    const values = new Array<unknown>(this.length).fill(undefined)
    if (column) for (let index = 0; index < this.length; index++) values[index] = this.#value(column, index)
    return values
  }

  /** Where two fields of records within differ, as `request.sent.source` and `request.seen.source`; not where either is absent. */
  differing(one: readonly string[], other: readonly string[]): number[] {
    const [a, b] = [this.#leafAt(one), this.#leafAt(other)]
    // What is the same in all records stands there once.
    if (!a || !b || (a.list !== undefined && a.list === b.list)) return []
    const shared = b.list === undefined || this.#lists[b.list]?.as !== a.list ? undefined : this.#valuesIn(b.list)
    const there = [...new Set([...a.there, ...b.there])]
    const found: number[] = []
    for (let index = 0; index < this.length; index++) {
      // Most are the same, and say so.
      if (shared?.[index] === 0 || there.some((list) => this.#listed(list, index) === 0)) continue
      const [x, y] = [a, b].map(({list, value}) => (list === undefined ? value : this.#listed(list, index)))
      if (x !== y) found.push(index)
    }
    return found
  }

  /** A field of records within, with all that says whether it is there. */
  #leafAt(path: readonly string[]): {readonly there: readonly number[]; readonly list?: number; readonly value?: unknown} | undefined {
    let column: Column = {struct: this.#struct}
    const there: number[] = []
    for (const [at, field] of path.entries()) {
      const next: Column | undefined = column.struct?.fields[field]
      if (!next) return column.value === undefined ? undefined : {there, value: pathIn(column.value, path.slice(at))}
      if (next.there !== undefined) there.push(next.there)
      column = next
    }
    const {list, value} = column
    return {there, ...(list !== undefined && {list}), value}
  }

  #record(struct: Struct, index: number): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    for (const [name, column] of Object.entries(struct.fields)) {
      const value = this.#value(column, index)
      if (value !== undefined) record[name] = value
    }
    return record
  }

  #value({there, value, list, struct}: Column, index: number): unknown {
    if (there !== undefined && this.#listed(there, index) === 0) return undefined
    if (struct) return this.#record(struct, index)
    return list === undefined ? value : this.#listed(list, index)
  }

  /** Runs are drawn out when they are first asked for: most never are. */
  #valuesIn(place: number): readonly unknown[] {
    const {list, runs = []} = this.#lists[place] as List
    if (list) return list
    const known = this.#drawnOut.get(runs)
    if (known) return known
    const values = new Array<unknown>(this.length)
    let next = 0
    for (let index = 0; index < runs.length; index += 2) {
      const end = next + (runs[index] as number)
      values.fill(runs[index + 1], next, end)
      next = end
    }
    this.#drawnOut.set(runs, values)
    return values
  }

  #listed(place: number, index: number): unknown {
    const {words, as} = this.#lists[place] as List
    const list = this.#valuesIn(place)
    if (as !== undefined && list[index] === 0) return this.#listed(as, index)
    return words ? words[list[index] as number] : list[index]
  }
}

/** The document again, with its long lists as tables. */
export function unpack({root, shared, lists}: Packed): unknown {
  const parts: unknown[] = []
  const decode = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(decode)
    const record = value as Record<string, unknown>
    if (typeof record.$ === 'number') return parts[record.$]
    if (record.$table) return new Table(record.$table as PackedTable, lists)
    return Object.fromEntries(Object.entries(record).map(([key, part]) => [key.startsWith('$$') ? key.slice(1) : key, decode(part)]))
  }
  // What a part refers to stands before it.
  for (const part of shared) parts.push(decode(part))
  return decode(root)
}

function pathIn(value: unknown, path: readonly string[]): unknown {
  return path.reduce((part, field) => (part as Record<string, unknown> | undefined)?.[field], value)
}

/** Positions of records in which two fields of records within differ; not where either is absent. */
export function differingIn<T>(rows: Rows<T>, one: readonly string[], other: readonly string[]): readonly number[] {
  if (rows instanceof Table) return rows.differing(one, other)
  return Array.from({length: rows.length}, (_, index) => index).filter((index) => {
    const [a, b] = [one, other].map((path) => pathIn(rows.at(index), path))
    return a !== b && a !== undefined && b !== undefined
  })
}

/** One field of all records. */
export function valuesOf<T, K extends keyof T & string>(rows: Rows<T>, field: K): readonly (T[K] | undefined)[] {
  if (rows instanceof Table) return rows.values(field) as readonly (T[K] | undefined)[]
  return Array.from({length: rows.length}, (_, index) => rows.at(index)?.[field])
}
