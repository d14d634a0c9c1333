// What the page knows and what its reader has chosen. All else is computed from it, when it is needed.
import {computed, signal} from '@preact/signals'
import type {Facts} from '../facts/facts.ts'
import {factsOf} from '../facts/record.ts'
import {type Place, type Protocol, placesAfter, type Verdict} from '../model.ts'
import type {PartDocument, ResultDocument, StageDocument} from '../report/document.ts'
import type {Layouts, View} from '../report/view.ts'

export interface ChosenPair {
  readonly from: string
  readonly to: string
}

export interface Filters {
  readonly protocol: Protocol | 'all'
  readonly verdict: Verdict | 'all'
  readonly text: string
}

export type Store = ReturnType<typeof createStore>

/** After the last stage, once the claims at the end were looked at. */
export const END = 'end'
export type Moment = number | typeof END

export function createStore(first: View) {
  const view = signal(first)
  const moment = signal<Moment>(END)
  const pair = signal<ChosenPair | undefined>(undefined)
  const filters = signal<Filters>({protocol: 'all', verdict: 'all', text: ''})

  const document = computed(() => view.value.document)
  /** Undefined where nothing had begun. */
  const run = computed((): ResultDocument | PartDocument | undefined => {
    const {value} = document
    return value.kind === 'result' ? value : value.run
  })
  const result = computed(() => (document.value.kind === 'result' ? document.value : undefined))
  const stages = computed((): readonly StageDocument[] => run.value?.stages ?? [])
  /** What the slider goes through: each stage that was looked at, and the end where there is one. */
  const moments = computed((): Moment[] => [...stages.value.map(({stage}) => stage), ...(result.value ? [END as Moment] : [])])
  const stage = computed(() => stages.value.find((each) => each.stage === (moment.value === END ? stages.value.length : moment.value)))
  const places = computed((): Place[] => {
    if (!run.value) return []
    return placesAfter(run.value.scenario, moment.value === END ? run.value.scenario.stages.length : moment.value)
  })
  const facts = computed((): Facts | undefined => {
    const own = moment.value === END ? result.value?.facts : stage.value?.facts
    return own && factsOf(own)
  })
  const layout = computed(() => view.value.layouts[moment.value])

  return {
    ...{view, document, run, result, stages, moments, moment, stage, places, facts, layout, pair, filters},
    /** A newer view; what was chosen stays. */
    show(newer: View): void {
      view.value = newer
    },
    /** Some parts of a result anew. */
    patch(parts: Partial<ResultDocument>, layouts: Layouts = {}): void {
      const {document: old, layouts: before} = view.value
      if (old.kind !== 'result') return
      view.value = {document: {...old, ...parts}, layouts: {...before, ...layouts}}
    },
  }
}
