// podwire check: the checks of a running lab, again.
import {check} from '../checks/check.ts'
import {factsBefore} from '../kept.ts'
import {resultJson} from '../report/json.ts'
import {EXIT} from './exit.ts'
import {outcomeText} from './narrate.ts'
import {runningLab} from './running.ts'
import {print, printJson} from './terminal.ts'

export async function checkAgain(
  name: string | undefined,
  {json, patience}: {readonly json?: boolean; readonly patience?: number},
): Promise<number> {
  const {kept, fleet} = await runningLab(name)
  const {scenario} = kept
  const begun = performance.now()
  await using _ = fleet
  const before = factsBefore(kept)
  const outcome = await check(fleet, scenario, {patience, before: () => before})
  const times = {checks: performance.now() - begun}
  const driver = {name: kept.driver, reason: 'it runs there', description: fleet.description}
  const lost = fleet.lost && {lost: fleet.lost}
  if (json) printJson(resultJson({lab: kept.lab, scenario, driver, history: [], outcome, times, ...lost}))
  else print(`lab ${kept.lab} on driver ${kept.driver}: ${fleet.description}\n\n${outcomeText({scenario, outcome, times, ...lost})}`)
  return outcome.verdict === 'pass' ? EXIT.asClaimed : EXIT.checkFailed
}
