// podwire up: as run, and the lab stays.
import {rememberedLabs, rememberLab} from '../kept.ts'
import {resultJson} from '../report/json.ts'
import {loadScenario} from '../scenario/load.ts'
import {EXIT, UsageError} from './exit.ts'
import {outcomeText} from './narrate.ts'
import {type RunOptions, standUp} from './run.ts'
import {runningLabs} from './running.ts'
import {print, printJson} from './terminal.ts'

/** The lab is kept whatever the checks say: a lab that fails is the one that people want to look into. */
export async function up(reference: string, options: RunOptions & {readonly name?: string}): Promise<number> {
  const scenario = await loadScenario(reference)
  const name = options.name ?? scenario.name
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw new UsageError(`${name} cannot name a lab`, ['use 1 to 40 lower-case letters, digits and dashes, a letter first'])
  await runningLabs() // forgets those that are gone
  if (rememberedLabs().some(({lab}) => lab === name))
    throw new UsageError(`a lab ${name} is running already`, [`podwire down ${name}, or give this one another --name`])
  const {lab, chosen, outcome, result} = await standUp(scenario, name, options)
  const handle = await lab.fleet.keep()
  rememberLab({lab: name, driver: chosen.driver.name, handle, scenario: scenario.file, startedAt: Date.now()})
  await lab[Symbol.asyncDispose]()
  if (options.json) printJson(resultJson(result))
  else {
    const [place] = [...scenario.pods, ...scenario.nodes]
    print(
      `\n${outcomeText(result)}\n\nlab ${name} is up. Next: podwire exec ${place?.name} -- ip addr, podwire shell ${scenario.nodes[0]?.name}, podwire check, podwire down`,
    )
  }
  return outcome.verdict === 'pass' ? EXIT.asClaimed : EXIT.checkFailed
}
