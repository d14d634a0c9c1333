// podwire down: remove kept labs.
import {forgetLab, rememberedLabs} from '../kept.ts'
import {driverNamed} from './driver.ts'
import {EXIT} from './exit.ts'
import {runningLab} from './running.ts'
import {print} from './terminal.ts'

export async function down(name: string | undefined, {all}: {readonly all?: boolean}): Promise<number> {
  const labs = all ? rememberedLabs() : [(await runningLab(name)).kept]
  for (const {lab, driver, handle} of labs) {
    await (await driverNamed(driver)).remove(handle)
    forgetLab(lab)
    print(`lab ${lab} is gone`)
  }
  if (labs.length === 0) print('no lab is running')
  return EXIT.asClaimed
}
