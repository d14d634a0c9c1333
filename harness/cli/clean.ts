// podwire clean: remove what a crash left. The kernel removes a local lab with its podwire; what can be left is the file
// of a kept lab that is gone, and on a Docker engine a network.

import {rememberedLabs} from '../kept.ts'
import {FORMAT} from '../report/json.ts'
import {EXIT} from './exit.ts'
import {runningLabs} from './running.ts'
import {print, printJson} from './terminal.ts'

export async function clean({json}: {readonly json?: boolean}): Promise<number> {
  const before = rememberedLabs().map(({lab}) => lab)
  const running = (await runningLabs()).map(({kept}) => kept.lab) // forgets those that are gone
  const files = before.filter((lab) => !running.includes(lab)).map((lab) => `record of lab ${lab}`)
  const {cleanEngine} = await import('../drivers/docker.ts')
  const removed = [...files, ...(await cleanEngine(() => rememberedLabs().map(({lab}) => lab)))]
  if (json) printJson({format: FORMAT, kind: 'cleaned', removed, running})
  else print(removed.length === 0 ? 'nothing was left' : removed.map((what) => `removed ${what}`).join('\n'))
  return EXIT.asClaimed
}
