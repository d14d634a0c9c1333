// What was unpacked, with its tables as the arrays that they were: to compare it with what was packed.
import {Table} from '../../harness/report/rows.ts'

export function wholeOf(value: unknown): unknown {
  if (value instanceof Table) return Array.from({length: value.length}, (_, index) => wholeOf(value.at(index)))
  if (Array.isArray(value)) return value.map(wholeOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, wholeOf(part)]))
}
