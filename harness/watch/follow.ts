// A running lab, followed: what changed is read anew, every pair is probed again, and whoever listens is told.
import {pairsToReach} from '../checks/pairs.ts'
import type {Fleet} from '../driver.ts'
import type {Facts} from '../facts/facts.ts'
import {fullMtu} from '../facts/interfaces.ts'
import {readChanged, readFacts} from '../facts/read.ts'
import {machinesOf, type Place, type Probe, placesAfter, type Scenario} from '../model.ts'
import {probePairs} from '../probe/probe.ts'
import type {Change, Deaf} from './change.ts'
import {type Heard, startMonitors} from './monitors.ts'
import {rounds} from './rounds.ts'

/** Milliseconds: what is lost in a lab is lost at once. */
const PATIENCE = 200

/** What was found the last time that the lab was looked at. */
export interface Look {
  /** 1 for the first. */
  readonly number: number
  readonly facts: Facts
  readonly probes: readonly Probe[]
  /** The size of a full packet, in bytes. */
  readonly mtu: number
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Milliseconds that it took. */
  readonly took: number
}

export interface Listener {
  /** The next look waits until this one has been shown. */
  looked(look: Look): Promise<void>
  /** What changed, and how many changes there are that are not named. */
  changed(changes: readonly Change[], more: number): void
  deaf(deaf: Deaf): void
  /** The lab is down. Nothing more is told. */
  gone(): void
}

export interface Following extends AsyncDisposable {
  /** Somebody watches, or nobody does any more: then nothing is probed. */
  watched(yes: boolean): void
  /** Looks at everything now. */
  look(): void
}

export interface FollowOptions {
  readonly fleet: Fleet
  readonly scenario: Scenario
  readonly listener: Listener
  /** Whether the lab still runs. */
  readonly runs: () => Promise<boolean>
}

/** Changes that are named at once; the others are counted. */
const MOST = 50
/** Milliseconds. */
const TELLING = 50
/** Milliseconds between two questions whether a lab is gone whose monitors have ended, and how often it is asked. */
const ASKING = {between: 250, times: 8}

export function follow({fleet, scenario, listener, runs}: FollowOptions): Following {
  const places: Place[] = placesAfter(scenario, scenario.stages.length)
  const pairs = pairsToReach(scenario, places)
  const changed = new Map<string, Set<string>>()
  let facts: Facts = new Map()
  let mtu = fullMtu(scenario, new Map(), places)
  let number = 0
  let gone = false
  let telling: NodeJS.Timeout | undefined
  let told: Change[] = []
  let more = 0

  const round = rounds({
    async look(all) {
      const began = performance.now()
      const again = new Map(changed)
      changed.clear()
      const reading = (all ? readFacts(fleet, places) : readChanged(fleet, places, facts, again)).then((now) => {
        facts = now
      })
      // The first packets have no size before the facts are there.
      if (number === 0) await reading
      let probes = await probe()
      await reading
      if (mtuIn(facts) !== mtu) probes = await probe()
      if (gone) return true
      await listener.looked({number: ++number, facts, probes, mtu, at: Date.now(), took: performance.now() - began})
      return probes.every(({answered}) => answered === true)
    },
  })

  function probe(): Promise<Probe[]> {
    mtu = mtuIn(facts)
    return probePairs(fleet, places, pairs, {mtu, patience: PATIENCE})
  }

  const mtuIn = (now: Facts) => fullMtu(scenario, new Map([...now].map(([place, here]) => [place, here?.links])), places)

  function note(node: string, netns: string): void {
    changed.set(node, (changed.get(node) ?? new Set()).add(netns))
    round.changed()
  }

  function tell(change: Change | undefined, count = 0): void {
    if (change && told.length < MOST) told.push(change)
    else more += change ? 1 : count
    telling ??= setTimeout(() => {
      telling = undefined
      listener.changed(told, more)
      told = []
      more = 0
    }, TELLING)
  }

  function hear(heard: Heard): void {
    if (gone) return
    if (heard.kind === 'change') {
      note(heard.change.node, heard.change.netns)
      tell(heard.change)
      return
    }
    if (heard.netns !== undefined) note(heard.node, heard.netns)
    else round.look()
    if (heard.kind === 'more') tell(undefined, heard.count)
    // By what number the machine's own namespace knows it changes there.
    else if (heard.kind === 'namespace') note(heard.node, '-')
    else {
      const {kind, ...rest} = heard
      listener.deaf({...rest, again: kind === 'again'})
    }
  }

  /** Asked when a machine's monitors end: with a lab that goes, its machines go one by one. */
  async function lost(): Promise<boolean> {
    round.look() // a machine may have gone alone
    for (let time = 0; time < ASKING.times && !gone; time++) {
      if (!(await runs())) {
        if (!gone) end()
        return true
      }
      await new Promise((resolve) => setTimeout(resolve, ASKING.between))
    }
    return gone
  }

  function end(): void {
    gone = true
    void round.end()
    listener.gone()
  }

  const monitors = startMonitors(
    fleet,
    machinesOf(scenario).map(({name}) => name),
    hear,
    lost,
  )

  return {
    watched: (yes) => (yes ? round.resume() : round.pause()),
    look: () => round.look(),
    async [Symbol.asyncDispose]() {
      gone = true
      clearTimeout(telling)
      await Promise.all([round.end(), monitors[Symbol.asyncDispose]()])
    },
  }
}
