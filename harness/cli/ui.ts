// podwire ui: a live page over a running lab, served on this machine alone.
import {checksOf, requirementsIn} from '../checks/look.ts'
import {sum} from '../checks/verdict.ts'
import {interfacesIn} from '../facts/interfaces.ts'
import {readVersions, type Versions} from '../facts/versions.ts'
import {noteCommand, remembered} from '../kept.ts'
import {type Diagnosis, machinesOf} from '../model.ts'
import {probePairs} from '../probe/probe.ts'
import {FORMAT} from '../report/format.ts'
import {resultJson} from '../report/json.ts'
import {pageFiles} from '../ui/files.ts'
import {startUi} from '../ui/ui.ts'
import type {Look} from '../watch/follow.ts'
import {diagnosed, pairsFor} from './diagnose.ts'
import {driverNamed} from './driver.ts'
import {EXIT} from './exit.ts'
import {hold} from './interrupt.ts'
import {madeHere} from './made.ts'
import {argvAt, type RunningLab, runningLab, targetOf} from './running.ts'
import {complain, paint, print, printJson} from './terminal.ts'
import {placesNow} from './trace.ts'

export interface UiOptions {
  readonly lab?: string
  readonly port?: number
  readonly json?: boolean
}

/** Until the lab is down, or Ctrl-C. */
export async function ui(name: string | undefined, {port = 0, json}: UiOptions): Promise<number> {
  const running = await runningLab(name)
  const {kept, fleet} = running
  const {scenario} = kept
  const places = placesNow(scenario)
  await using all = new AsyncDisposableStack()
  all.use(fleet)
  const versions = await readVersions(
    fleet,
    machinesOf(scenario).map((machine) => machine.name),
  )
  const page = all.use(
    await startUi({
      fleet,
      scenario,
      port,
      files: await pageFiles(kept.lab),
      runs: () => stillRuns(running),
      documentOf: (look, diagnoses) => documentOf(running, versions, look, diagnoses),
      probe: (from, to, mtu) => probePairs(fleet, places, pairsFor(places, from, to), {mtu}),
      diagnose: async (from, to) => (await diagnosed(running, places, pairsFor(places, from, to), {})).diagnoses,
      shell(place) {
        const target = targetOf(place, scenario)
        return {
          node: target.node,
          argvAt: (argv) => argvAt(target, argv),
          ended(startedAt, exitCode) {
            noteShell(running, place, startedAt, exitCode)
          },
        }
      },
    }),
  )
  const held = hold(all)
  if (json) printJson({format: FORMAT, kind: 'ui', lab: kept.lab, url: page.link})
  else {
    print(`lab ${kept.lab} is shown at ${paint('bold', page.link)}`)
    print('The link opens one browser, once. Ctrl-C ends the page and leaves the lab.')
  }
  await page.gone
  held.release()
  complain(`lab ${kept.lab} is down: the page has ended with it`)
  return EXIT.asClaimed
}

/** By its record, for another lab may have its name by now, and by its driver. */
async function stillRuns({kept}: RunningLab): Promise<boolean> {
  if (!remembered().labs.some(({id}) => id === kept.id)) return false
  const found = await (await driverNamed(kept.driver)).find(kept.handle)
  await found?.[Symbol.asyncDispose]()
  return found !== undefined
}

function documentOf(
  {kept, fleet}: RunningLab,
  versions: readonly Versions[],
  {facts, probes, mtu, took}: Look,
  diagnoses: readonly Diagnosis[],
) {
  const {scenario, lab} = kept
  const places = placesNow(scenario)
  const interfaces = interfacesIn(facts)
  const checks = checksOf(places, probes, interfaces)
  const requirements = requirementsIn(places, probes, interfaces)
  return resultJson({
    lab,
    scenario,
    driver: {name: kept.driver, reason: 'it runs there', description: fleet.description},
    history: [],
    outcome: {verdict: sum(checks.map(({verdict}) => verdict)), mtu, probes, checks, requirements, stages: []},
    diagnosed: diagnoses.map((diagnosis) => ({diagnosis, probes: []})),
    facts: {stages: new Map(), end: facts},
    made: madeHere(versions),
    times: {look: took},
    ...(fleet.lost && {lost: fleet.lost}),
  })
}

function noteShell({kept}: RunningLab, place: string, startedAt: number, exitCode: number | null): void {
  try {
    noteCommand(kept, {place, argv: ['bash', '-i'], interactive: true, startedAt, endedAt: Date.now(), exitCode})
  } catch (error) {
    complain(`warning[journal]: what ran is not written down: ${error instanceof Error ? error.message : String(error)}`)
  }
}
