// What a live page shows of a look: the view that a report's page has, laid out again only where the topology is another.
import type {Scenario} from '../model.ts'
import {placesAfter} from '../model.ts'
import type {ResultDocument} from '../report/document.ts'
import {type PlainLayout, plainLayout, type View} from '../report/view.ts'
import {topologyOf} from '../topology/build.ts'
import {layoutOf} from '../topology/layout.ts'
import type {Look} from '../watch/follow.ts'

export type ViewOf = (look: Pick<Look, 'facts'>, document: ResultDocument) => Promise<View>

export function liveView(scenario: Scenario): ViewOf {
  const places = placesAfter(scenario, scenario.stages.length)
  let known = ''
  let layout: PlainLayout | undefined
  return async ({facts}, document) => {
    const topology = topologyOf({facts, places}, scenario.underlay)
    const text = JSON.stringify(topology)
    if (!layout || text !== known) layout = plainLayout(await layoutOf(topology))
    known = text
    return {document, layouts: {end: layout}}
  }
}
