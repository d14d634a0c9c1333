// What the page shows: a run's document, and where the things of its topologies stand. The page draws; it lays nothing out.
import {factsOf, type RecordedFacts} from '../facts/plain.ts'
import {type Place, placesAfter} from '../model.ts'
import type {Box, Layout, Point} from '../topology/boxes.ts'
import {topologyOf} from '../topology/build.ts'
import {layoutOf} from '../topology/layout.ts'
import type {RunDocument} from './document.ts'

/** A Layout as plain data. */
export type PlainLayout = {
  readonly width: number
  readonly height: number
  readonly boxes: readonly (readonly [string, Box])[]
  readonly lines: readonly (readonly [number, readonly (readonly Point[])[]])[]
}

/** By what they are of: a stage's number, `end`. */
export type Layouts = Readonly<Record<string, PlainLayout>>

export interface View {
  readonly document: RunDocument
  readonly layouts: Layouts
}

/** A topology is laid out for each state of the kernels that the document holds; equal ones once. */
export async function viewOf(document: RunDocument): Promise<View> {
  const run = document.kind === 'result' ? document : document.run
  if (!run) return {document, layouts: {}}
  const {scenario, stages} = run
  const known = new Map<string, Promise<PlainLayout>>()
  const laidOut = async (facts: RecordedFacts, places: readonly Place[]) => {
    const topology = topologyOf({facts: factsOf(facts), places}, scenario.underlay)
    const key = JSON.stringify(topology)
    const layout = known.get(key) ?? layoutOf(topology).then(plainLayout)
    known.set(key, layout)
    return layout
  }
  const layouts: Record<string, PlainLayout> = {}
  for (const {stage, facts} of stages) if (facts) layouts[stage] = await laidOut(facts, placesAfter(scenario, stage))
  if (document.kind === 'result' && document.facts)
    layouts.end = await laidOut(document.facts, placesAfter(scenario, scenario.stages.length))
  return {document, layouts}
}

/** Half a pixel more or less is none. */
export function plainLayout({width, height, boxes, lines}: Layout): PlainLayout {
  const round = Math.round
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    boxes: [...boxes].map(([id, box]) => [id, {x: round(box.x), y: round(box.y), width: round(box.width), height: round(box.height)}]),
    lines: [...lines].map(([index, all]) => [index, all.map((points) => points.map(({x, y}) => ({x: round(x), y: round(y)})))]),
  }
}
