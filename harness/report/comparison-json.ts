// Networks side by side as one JSON document, for programs: fixtures/schema/comparison.json describes it.
import type {Comparison} from './comparison.ts'
import {FORMAT} from './format.ts'

export function comparisonJson({networks, ...rest}: Comparison): Record<string, unknown> {
  return {format: FORMAT, kind: 'comparison', ...rest, networks}
}
