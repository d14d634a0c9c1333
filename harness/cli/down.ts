// podwire down: remove kept labs.
import {forgetLab} from '../kept.ts'
import {FORMAT} from '../report/format.ts'
import {driverNamed} from './driver.ts'
import {EXIT} from './exit.ts'
import {runningLab, runningLabs} from './running.ts'
import {print, printJson} from './terminal.ts'

export async function down(name: string | undefined, {all, json}: {readonly all?: boolean; readonly json?: boolean}): Promise<number> {
  const labs = all ? await runningLabs() : [await runningLab(name)]
  const removed: string[] = []
  for (const {kept} of labs) {
    await (await driverNamed(kept.driver)).remove(kept.handle)
    await forgetLab(kept)
    removed.push(kept.lab)
    if (!json) print(`lab ${kept.lab} is gone`)
  }
  if (json) printJson({format: FORMAT, kind: 'removed', removed})
  else if (removed.length === 0) print('no lab is running')
  return EXIT.asClaimed
}
