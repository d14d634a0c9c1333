// podwire up: as run, and the lab stays.
import {resultJson} from '../report/json.ts'
import {loadScenario} from '../scenario/load.ts'
import {EXIT} from './exit.ts'
import {hold} from './interrupt.ts'
import {claimName, keep} from './keep.ts'
import {outcomeText} from './narrate.ts'
import {type RunOptions, standUp} from './stand-up.ts'
import {print, printJson} from './terminal.ts'

/** The lab is kept whatever the checks say: a lab that fails is the one that people want to look into. */
export async function up(reference: string, options: RunOptions & {readonly name?: string}): Promise<number> {
  const scenario = await loadScenario(reference)
  const name = options.name ?? scenario.name
  const claim = await claimName(name)
  const held = hold({[Symbol.asyncDispose]: async () => claim.release()})
  try {
    const finished = await standUp(scenario, name, options)
    await keep({...finished, works: finished.outcome.verdict === 'pass'}, claim)
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
