// The stage that a run which was cut short came to, and its lines that had not run to their end. Pure.
import type {CommandDocument, PartDocument} from '../report/document.ts'

type Stages = PartDocument['scenario']['stages']

interface Undone {
  readonly number: number
  readonly title: string
  readonly steps: Stages[number]['steps']
}

/** @param history what ran, by the number of the stage: nodes work side by side, so that lines end in any order */
export function undoneOf(stages: Stages, history: ReadonlyMap<number, readonly CommandDocument[]>): Undone | undefined {
  for (const [index, {title, steps}] of stages.entries()) {
    const ran = (history.get(index + 1) ?? []).map(lineOf)
    const left = steps.filter((step) => {
      const at = ran.indexOf(lineOf(step))
      if (at >= 0) ran.splice(at, 1)
      return at < 0
    })
    if (left.length > 0) return {number: index + 1, title, steps: left}
  }
  return undefined
}

function lineOf({node, command}: {readonly node: string; readonly command: string}): string {
  return `${node} ${command}`
}
