// podwire up: as run, and the lab stays.

import {readFacts} from '../facts/read.ts'
import type {KeptLab} from '../kept/record.ts'
import {type Claim, claimLab} from '../kept.ts'
import {placesAfter} from '../model.ts'
import {resultJson} from '../report/json.ts'
import {loadScenario} from '../scenario/load.ts'
import {EXIT, UsageError} from './exit.ts'
import {hold} from './interrupt.ts'
import {outcomeText} from './narrate.ts'
import {type Finished, type RunOptions, standUp} from './run.ts'
import {runningLabs} from './running.ts'
import {print, printJson} from './terminal.ts'

/** The lab is kept whatever the checks say: a lab that fails is the one that people want to look into. */
export async function up(reference: string, options: RunOptions & {readonly name?: string}): Promise<number> {
  const scenario = await loadScenario(reference)
  const name = options.name ?? scenario.name
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw new UsageError(`${name} cannot name a lab`, ['use 1 to 40 lower-case letters, digits and dashes, a letter first'])
  await runningLabs() // forgets those that are gone
  const claim = await claimName(name)
  const held = hold({[Symbol.asyncDispose]: async () => claim.release()})
  try {
    const finished = await standUp(scenario, name, options)
    await keep(finished, claim)
    const {outcome, result} = finished
    if (options.json) printJson(resultJson(result))
    else {
      const [place] = [...scenario.pods, ...scenario.nodes]
      print(
        `\n${outcomeText(result)}\n\nlab ${name} is up. Next: podwire exec ${place?.name} -- ip addr, podwire shell ${scenario.nodes[0]?.name}, podwire check, podwire down`,
      )
    }
    return outcome.verdict === 'pass' ? EXIT.asClaimed : EXIT.checkFailed
  } finally {
    claim.release()
    held.release()
  }
}

/** @throws UsageError when another lab has it */
async function claimName(name: string): Promise<Claim> {
  const claimed = await claimLab(name)
  if ('release' in claimed) return claimed
  if ('why' in claimed)
    throw new UsageError(`the record of lab ${name} is damaged: ${claimed.why}`, [
      `give this one another --name, or remove the record: rm ${claimed.path}`,
    ])
  const help = [`podwire down ${name}, or give this one another --name`]
  if (claimed.state === 'running') throw new UsageError(`a lab ${name} is running already`, help)
  throw new UsageError(`a lab ${name} is just starting (process ${claimed.claimer.pid})`, help)
}

/** Once this is through, and not before, the lab outlives podwire. */
async function keep({lab, chosen, outcome, result}: Finished, claim: Claim): Promise<void> {
  await using _ = lab
  const places = placesAfter(lab.scenario, lab.scenario.stages.length)
  const before = outcome.verdict === 'pass' ? await readFacts(lab.fleet, places) : undefined
  const history = result.history.map(({node, command}) => ({node, command}))
  await lab.fleet.keep((handle) =>
    claim.remember({driver: chosen.driver.name, handle: handle as KeptLab['handle'], scenario: lab.scenario, history, before}),
  )
}
