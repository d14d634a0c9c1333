// Queueing disciplines and tc filters that are new. Pure.
import type {TrafficControlFacts} from '../../facts/facts.ts'
import {isAmple} from '../../trace/frames.ts'
import type {Change, Scene} from './change.ts'

export function trafficControlChanges(scene: Scene): Change[] {
  return [...addedSince(scene), ...programsGone(scene)]
}

/** A program that sent packets on, where there is none now: only the recipe knows from which file it came (tc-bpf(8)). */
function programsGone({was, is}: Scene): Change[] {
  const runs = ({kind, dev, side}: TrafficControlFacts) =>
    is.trafficControl.some((now) => now.kind === kind && now.dev === dev && now.side === side)
  return was.trafficControl
    .filter((old) => old.kind === 'bpf' && old.side !== 'none' && !runs(old) && is.links.some(({name}) => name === old.dev))
    .map((old) => ({
      kind: 'traffic-control',
      cause: 'flow-missing',
      object: `bpf dev ${old.dev} ${old.side}`,
      device: old.dev,
      evidence: `${old.dev} ran a program for what ${old.side === 'ingress' ? 'comes in' : 'goes out'}`,
      undo: [],
      revert: (now) => ({...now, trafficControl: [...now.trafficControl, old]}),
    }))
}

/** What is new on one device is one change. */
function addedSince({was, is, run}: Scene): Change[] {
  const had = (here: TrafficControlFacts) =>
    was.trafficControl.some(({dev, side, text}) => dev === here.dev && side === here.side && text === here.text)
  const added = is.trafficControl.filter((each) => !had(each))
  return [...Map.groupBy(added, ({dev}) => dev)].flatMap(([dev, here]): Change[] => {
    const acting = here.filter((each) => each.side !== 'none' && !isAmple(each))
    const [first] = acting
    if (!first) return []
    return [
      {
        kind: 'traffic-control',
        cause: 'tc-drop',
        object: `${first.kind} dev ${dev} ${first.side}`,
        device: dev,
        evidence: `there was no ${first.kind} on ${dev}`,
        undo: undoOf(here).map((words) => `${run}tc ${words}`),
        revert: (now) => ({
          ...now,
          trafficControl: now.trafficControl.filter((each) => each.dev !== dev || !here.some(({text}) => text === each.text)),
        }),
      },
    ]
  })
}

/** Classifiers go with the discipline that holds them, where that is new too. */
function undoOf(added: readonly TrafficControlFacts[]): string[] {
  const holder = added.find(({side}) => side === 'none')
  const sides = new Set(added.map(({side}) => side))
  const filters = holder ? [`qdisc del dev ${holder.dev} ${holder.kind}`] : []
  const alone = ['ingress', 'egress'].filter((side) => !holder && sides.has(side)).map((side) => `filter del dev ${added[0]?.dev} ${side}`)
  return [...(sides.has('root') || sides.has('class') ? [`qdisc del dev ${added[0]?.dev} root`] : []), ...filters, ...alone]
}
