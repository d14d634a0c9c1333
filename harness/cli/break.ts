// podwire break and podwire heal: brings about a fault of the catalogue on a running lab by typing literal lines, and takes
// it back. What it typed is in the lab's journal like what people type, and so is what mends it.
import {randomUUID} from 'node:crypto'
import type {Fleet} from '../driver.ts'
import {readFacts} from '../facts/read.ts'
import {ABSENT, FAULTS, faultOf, firstPlace, injectionAt} from '../faults/catalogue.ts'
import type {Fault, Injection, Variant} from '../faults/fault.ts'
import {Unfit, type Wired, wiredFrom} from '../faults/wired.ts'
import {type FaultNote, openFaults} from '../kept/journal.ts'
import type {KeptLab} from '../kept/record.ts'
import {journalOf, noteCommand} from '../kept.ts'
import {type FixCommand, placesAfter} from '../model.ts'
import {nearest, suggestion} from '../scenario/problem.ts'
import {EXIT, UsageError} from './exit.ts'
import {runningLab} from './running.ts'
import {complain, paint, print, printJson} from './terminal.ts'

export interface BreakOptions {
  readonly lab?: string
  /** 1-based. */
  readonly variant?: number
  readonly json?: boolean
}

interface Typed extends FixCommand {
  readonly exitCode: number | null
}

/** @param cause a code of the causes that a diagnosis can name */
export async function breakLab(cause: string, place: string | undefined, options: BreakOptions): Promise<number> {
  const fault = namedFault(cause, options.variant)
  const {kept, fleet} = await runningLab(options.lab)
  await using _ = fleet
  const places = placesAfter(kept.scenario, kept.scenario.stages.length)
  if (place !== undefined && !places.some(({name}) => name === place)) {
    const known = places.map(({name}) => name)
    throw new UsageError(`no place ${place} in this lab`, [suggestion(place, known)])
  }
  const lab = wiredFrom(await readFacts(fleet, places), places)
  const {variant, at, injection} = chosen(fault, lab, place, options.variant)
  const note: FaultNote = {id: randomUUID(), cause: fault.cause, place: at, title: variant.title, heal: injection.heal}
  if (!options.json) print(`${paint('bold', fault.cause)} at ${at}: ${variant.title}`)
  const typed = await typeAll({kept, fleet}, injection.inject, options, {fault: note})
  const {node, netns} = injection.expect.where
  if (options.json)
    printJson({
      format: 1,
      kind: 'fault',
      lab: kept.lab,
      cause: fault.cause,
      place: at,
      title: variant.title,
      typed,
      heal: injection.heal,
      where: {node, netns},
    })
  else print('\npodwire heal takes it back')
  return typed.every(({exitCode}) => exitCode === 0) ? EXIT.asClaimed : EXIT.checkFailed
}

/** Takes back the last fault that is still there, or all of them, the last one first. */
export async function heal(options: Pick<BreakOptions, 'lab' | 'json'> & {readonly all?: boolean}): Promise<number> {
  const {kept, fleet} = await runningLab(options.lab)
  await using _ = fleet
  const open = openFaults(journalOf(kept)).reverse()
  if (open.length === 0)
    throw new UsageError(`podwire broke nothing in lab ${kept.lab} that is not healed`, ['podwire break no-route node1'])
  const healed: object[] = []
  let refused = false
  for (const {id, cause, place, title, heal: lines} of options.all ? open : open.slice(0, 1)) {
    if (!options.json) print(`${paint('bold', cause)} at ${place}: ${title}`)
    const typed = await typeAll({kept, fleet}, lines, options, {heals: id})
    refused ||= typed.some(({exitCode}) => exitCode !== 0)
    healed.push({cause, place, title, typed})
  }
  if (options.json) printJson({format: 1, kind: 'healed', lab: kept.lab, healed})
  return refused ? EXIT.checkFailed : EXIT.asClaimed
}

/** What can be broken, and what cannot be here. No lab need run. */
export function listFaults({json}: Pick<BreakOptions, 'json'>): number {
  if (json) {
    const faults = FAULTS.map(({cause, variants}) => ({cause, variants: variants.map(({title, kind}) => ({title, kind}))}))
    printJson({format: 1, kind: 'faults', faults, absent: ABSENT})
    return EXIT.asClaimed
  }
  for (const {cause, variants} of FAULTS) {
    print(paint('bold', cause))
    for (const [index, {title, kind}] of variants.entries()) print(`  ${String(index + 1).padStart(2)}  ${kind.padEnd(4)}  ${title}`)
  }
  print(`\n${paint('bold', 'not here')}`)
  for (const [cause, why] of Object.entries(ABSENT)) print(`  ${cause}: ${why}`)
  return EXIT.asClaimed
}

function namedFault(cause: string, variant: number | undefined): Fault {
  const fault = faultOf(cause)
  const known = FAULTS.map((each) => each.cause)
  const absent = Object.entries(ABSENT).find(([code]) => code === cause)?.[1]
  if (!fault && absent !== undefined) throw new UsageError(`${cause} cannot be brought about: ${absent}`, ['podwire break --list'])
  if (!fault) {
    const meant = nearest(cause, known)
    throw new UsageError(`no fault ${cause}`, [meant === undefined ? 'podwire break --list' : `did you mean ${meant}?`])
  }
  if (variant !== undefined && !fault.variants[variant - 1])
    throw new UsageError(`${cause} has ${fault.variants.length} variants, no ${variant}`, ['podwire break --list'])
  return fault
}

/** The first variant that fits the place, or the place that the variant asked for fits. */
function chosen(
  {cause, variants}: Fault,
  lab: Wired,
  place: string | undefined,
  number: number | undefined,
): {readonly variant: Variant; readonly at: string; readonly injection: Injection} {
  const lacks: string[] = []
  for (const variant of number === undefined ? variants : variants.slice(number - 1, number)) {
    const at = place ?? firstPlace(variant, lab) ?? (variant.kind === 'pod' ? lab.pods : lab.nodes)[0]?.name
    if (at === undefined) continue
    const injection = injectionAt(variant, lab, at)
    if (!(injection instanceof Unfit)) return {variant, at, injection}
    lacks.push(injection.message)
  }
  throw new UsageError(`${cause} cannot be brought about ${place === undefined ? 'in this lab' : `at ${place}`}`, [...new Set(lacks)])
}

/** Each line as it is typed, and what it said where it was refused. The last is remembered for what it ends. */
async function typeAll(
  {kept, fleet}: {readonly kept: KeptLab; readonly fleet: Fleet},
  lines: readonly FixCommand[],
  {json}: Pick<BreakOptions, 'json'>,
  ended: {readonly fault: FaultNote} | {readonly heals: string},
): Promise<Typed[]> {
  const typed: Typed[] = []
  for (const [index, {where, command}] of lines.entries()) {
    if (!json) print(`  ${where}# ${command}`)
    const {exitCode, stderr, startedAt, duration} = await fleet.run(where, command)
    if (exitCode !== 0) complain(stderr.toString().trimEnd())
    typed.push({where, command, exitCode})
    const last = index === lines.length - 1 ? ended : {}
    noteCommand(kept, {place: where, argv: ['bash', '-c', command], startedAt, endedAt: startedAt + duration, exitCode, ...last})
  }
  return typed
}
