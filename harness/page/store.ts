// What the page knows and what its reader has chosen. All else is computed from it, when it is needed.
import {batch, computed, signal} from '@preact/signals'
import {type BothWays, bothWays} from '../both-ways.ts'
import type {Turns} from '../checks/matrix.ts'
import type {Facts} from '../facts/facts.ts'
import {factsOf} from '../facts/plain.ts'
import {type Diagnosis, type PacketSize, type Place, type Probe, placesAfter, type Verdict} from '../model.ts'
import type {CommandDocument, PartDocument, ResultDocument, StageDocument} from '../report/document.ts'
import {valuesOf} from '../report/rows.ts'
import type {Layouts, View} from '../report/view.ts'
import {topologyOf} from '../topology/build.ts'
import {idOf} from '../topology/topology.ts'
import type {Trace} from '../trace/path.ts'
import {type Change, changesBetween} from './changes.ts'
import {folded, shownSpaces} from './fold.ts'
import {endOf, type Layer, type Matrix, matrixOfRows} from './matrix.ts'
import {carriedBy, passedBy, stepsOf} from './path.ts'
import {type Reached, sharesOf, sharesOfRows, turnsIn} from './reached.ts'
import {undoneOf} from './undone.ts'

export interface ChosenPair {
  readonly from: string
  readonly to: string
}

export interface Filters {
  readonly layer: Layer
  readonly verdict: Verdict | 'all'
  /** Names of places: `pod1`, `pod1 node2`. */
  readonly text: string
}

/** What is looked at of a pair: one address in one protocol and size. */
export interface Lens {
  readonly protocol: Probe['protocol']
  readonly size: PacketSize
  /** The first, where it is absent or no more one of the place's. */
  readonly address?: string
}

/** Pods that a picture shows at once. */
export const MANY = 24

/** After the last stage, once the claims at the end were looked at. */
export const END = 'end'
/** How many stages had run, or the end. */
export type Moment = number | typeof END

export type Store = ReturnType<typeof createStore>

export function createStore(first: View) {
  const view = signal(first)
  const chosen = signal<Moment>(END)
  const pair = signal<ChosenPair | undefined>(undefined)
  const filters = signal<Filters>({layer: 'all', verdict: 'all', text: ''})
  const {scenario: declared} = (first.document.kind === 'result' ? first.document : first.document.run) ?? {}
  const fold = signal((declared?.pods.length ?? 0) > MANY)
  const lens = signal<Lens>({protocol: 'icmp', size: 'small'})

  const document = computed(() => view.value.document)
  /** Undefined where nothing had begun. */
  const run = computed((): ResultDocument | PartDocument | undefined => {
    const {value} = document
    return value.kind === 'result' ? value : value.run
  })
  const result = computed(() => (document.value.kind === 'result' ? document.value : undefined))
  const stages = computed((): readonly StageDocument[] => run.value?.stages ?? [])
  /** What was typed, by the number of the stage: one stage is over before the next begins. */
  const history = computed((): ReadonlyMap<number, readonly CommandDocument[]> => {
    let left = run.value?.history ?? []
    return new Map(
      run.value?.scenario.stages.map(({steps}, index) => {
        const own = left.slice(0, steps.length)
        left = left.slice(steps.length)
        return [index + 1, own]
      }),
    )
  })
  const undone = computed(() => {
    const {scenario} = run.value ?? {}
    return scenario && document.value.kind === 'error' ? undoneOf(scenario.stages, history.value) : undefined
  })
  /** What the slider goes through: stages that were looked at or begun, and the end where it came to one. */
  const moments = computed((): Moment[] => {
    const numbers = run.value?.scenario.stages.map((_, index) => index + 1) ?? []
    const known = new Set(stages.value.map(({stage}) => stage))
    const begun = numbers.filter((number) => known.has(number) || (history.value.get(number)?.length ?? 0) > 0)
    return [...begun, ...(result.value ? [END as Moment] : [])]
  })
  const moment = computed(
    (): Moment =>
      moments.value.includes(chosen.value)
        ? chosen.value
        : (moments.value.findLast((when) => factsAt(when)) ?? moments.value.at(-1) ?? END),
  )
  const stage = computed(() => stages.value.find((each) => each.stage === moment.value))
  const placesAt = (when: Moment): Place[] => {
    const scenario = run.value?.scenario
    return scenario ? placesAfter(scenario, when === END ? scenario.stages.length : when) : []
  }
  const clusterAt = (when: Moment) => placesAt(when).filter(({kind}) => kind !== 'host')
  const places = computed(() => placesAt(moment.value))
  const factsAt = (when: Moment | undefined): Facts | undefined => {
    const own = when === END ? result.value?.facts : stages.value.find((each) => each.stage === when)?.facts
    return own && factsOf(own)
  }
  const facts = computed(() => factsAt(moment.value))
  const world = computed(() => facts.value && {facts: facts.value, places: places.value})
  const before = computed((): Moment | undefined => moments.value[moments.value.indexOf(moment.value) - 1])
  const changes = computed((): Change[] => (facts.value ? changesBetween(factsAt(before.value), facts.value) : []))
  const topology = computed(() => world.value && topologyOf(world.value, run.value?.scenario.underlay ?? ''))
  const layout = computed(() => view.value.layouts[moment.value])
  const cluster = computed(() => clusterAt(moment.value))
  const end = computed(() => result.value && endOf(clusterAt(END), result.value.probes))
  const matrix = computed((): Matrix | undefined => {
    if (moment.value === END) return end.value?.matrix
    return stage.value?.matrix && matrixOfRows(cluster.value, stage.value.matrix)
  })
  /** The last that all pairs were asked at. */
  const lastStage = computed(() => stages.value.findLast(({matrix}) => matrix))
  const endTurns = computed((): Turns | undefined => {
    const {stage: number = 0, matrix: rows} = lastStage.value ?? {}
    return rows && end.value && turnsIn(matrixOfRows(clusterAt(number), rows), end.value.small)
  })
  /** Pairs that turned at this moment, each family for itself: `pod1 -> pod3`, `pod1 -> pod3 (IPv6)`. */
  const turned = computed((): ReadonlyMap<string, 'gained' | 'lost'> => {
    const {gained = [], lost = []} = (moment.value === END ? endTurns.value : stage.value) ?? {}
    return new Map([...gained.map((pair) => [pair, 'gained'] as const), ...lost.map((pair) => [pair, 'lost'] as const)])
  })
  /** How many pairs reached at each moment that was looked at, and how many turned. */
  const reached = computed((): ReadonlyMap<Moment, Reached> => {
    const found = new Map<Moment, Reached>()
    for (const {stage: number, matrix: rows, gained = [], lost = []} of stages.value) {
      if (rows) found.set(number, {shares: sharesOfRows(rows), gained: gained.length, lost: lost.length})
    }
    if (end.value) {
      const {gained = [], lost = []} = endTurns.value ?? {}
      found.set(END, {shares: sharesOf(end.value.families), gained: gained.length, lost: lost.length})
    }
    return found
  })

  /** Rows of the probes by pair: one walk over all, once. */
  const rows = computed(() => {
    const found = new Map<string, number[]>()
    const probes = result.value?.probes ?? []
    const [from, to] = [valuesOf(probes, 'from'), valuesOf(probes, 'to')]
    for (let index = 0; index < probes.length; index++) {
      const key = `${from[index]} -> ${to[index]}`
      const known = found.get(key)
      if (known) known.push(index)
      else found.set(key, [index])
    }
    return found
  })
  /** What the chosen pair's packets did; nothing on the way, where only the matrix is known. */
  const probes = computed((): Probe[] => {
    if (!pair.value || moment.value !== END) return []
    const all = result.value?.probes
    return (rows.value.get(`${pair.value.from} -> ${pair.value.to}`) ?? []).flatMap((row) => all?.at(row) ?? [])
  })
  const addresses = computed((): readonly string[] => {
    const asked = [...new Set(probes.value.map(({address}) => address))]
    return asked.length > 0 ? asked : (places.value.find(({name}) => name === pair.value?.to)?.addresses ?? [])
  })
  // Until one is chosen, that of two addresses which does not work.
  const lost = computed(() => probes.value.find(({answered}) => answered !== true)?.address)
  const address = computed(() => addresses.value.find((each) => each === lens.value.address) ?? lost.value ?? addresses.value[0])
  /** Bytes of a full packet, where they are known: a run that was cut short has not asked. */
  const mtu = computed(() => result.value?.mtu ?? run.value?.scenario.mtu)
  /** Where the chosen pair's packets go, as the kernels' state of the moment has it. */
  const ways = computed((): BothWays | undefined => {
    if (!world.value || !pair.value || address.value === undefined) return undefined
    const {protocol} = lens.value
    const size = mtu.value === undefined ? 'small' : lens.value.size
    return bothWays(world.value.facts, places.value, {...pair.value, address: address.value}, {protocol, size, mtu: mtu.value ?? 0})
  })
  /** Devices, cables and routes that the chosen pair's packets pass. */
  const passed = computed(() => {
    const {forward, back} = ways.value ?? {}
    const steps = (trace: Trace | undefined) =>
      trace && world.value ? stepsOf(passedBy(world.value, trace), carriedBy(world.value, trace)) : stepsOf([])
    return {there: steps(forward), back: steps(back)}
  })
  /** Namespaces that the picture shows, where it is folded: many are more than one sees at once. */
  const shown = computed(() => {
    if (!fold.value || !topology.value) return undefined
    const {from = '', to = ''} = pair.value ?? {}
    const passing = topology.value.spaces.filter(({devices}) =>
      devices.some(({id}) => passed.value.there.ids.has(id) || passed.value.back.ids.has(id)),
    )
    return shownSpaces(topology.value, new Set([from, to, ...passing.map(({name}) => name)]))
  })
  const picture = computed(() => {
    const own = layout.value
    return own && shown.value && topology.value ? folded(topology.value, own, shown.value) : own
  })
  /** Ids of devices that the stage made or changed. */
  const changed = computed(() => {
    const own = before.value === undefined ? [] : changes.value
    return new Set(own.flatMap(({place, dev}) => (dev === undefined ? [] : [idOf(place, dev)])))
  })
  /** Two faults at once are two. */
  const diagnoses = computed((): readonly Diagnosis[] => {
    if (!pair.value || moment.value !== END) return []
    const name = `${pair.value.from} -> ${pair.value.to}`
    return (result.value?.diagnoses ?? []).filter(({pairs}) => pairs.includes(name))
  })

  return {
    ...{
      view,
      document,
      run,
      result,
      history,
      undone,
      stages,
      lastStage,
      end,
      moments,
      reached,
      moment,
      before,
      stage,
      places,
      cluster,
      facts,
      world,
      changes,
      changed,
      turned,
      fold,
      shown,
      picture,
      topology,
      layout,
    },
    ...{matrix, filters, pair, lens, mtu, probes, addresses, address, ways, passed, diagnoses},
    go(to: Moment): void {
      chosen.value = to
    },
    choose(from: string, to: string): void {
      pair.value = {from, to}
    },
    /** A newer view; what was chosen stays. */
    show(newer: View): void {
      view.value = newer
    },
    /** Some parts of a result anew. */
    patch(parts: Partial<ResultDocument>, layouts: Layouts = {}): void {
      batch(() => {
        const {document: old, layouts: known} = view.value
        if (old.kind === 'result') view.value = {document: {...old, ...parts}, layouts: {...known, ...layouts}}
      })
    },
  }
}
