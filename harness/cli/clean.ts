// podwire clean: remove what a crash left. The kernel removes a local lab with its podwire; what can be left is the record
// of a kept lab that is gone, or of one that never came to be, and on a Docker engine a network.

import {remembered} from '../kept.ts'
import {FORMAT} from '../report/format.ts'
import {EXIT} from './exit.ts'
import {runningLabs} from './running.ts'
import {print, printJson} from './terminal.ts'

export async function clean({json}: {readonly json?: boolean}): Promise<number> {
  const before = recordsOf()
  const running = (await runningLabs()).map(({kept}) => kept.lab) // forgets those that are gone
  const after = recordsOf()
  const records = before.filter((lab) => !after.includes(lab)).map((lab) => `record of lab ${lab}`)
  const {cleanEngine} = await import('../drivers/docker.ts')
  const removed = [...records, ...(await cleanEngine(recordsOf))]
  if (json) printJson({format: FORMAT, kind: 'cleaned', removed, running})
  else print(removed.length === 0 ? 'nothing was left' : removed.map((what) => `removed ${what}`).join('\n'))
  return EXIT.asClaimed
}

/** Names that have a record, be it damaged: what may be of such a lab is spared. */
function recordsOf(): string[] {
  const {labs, abandoned, damaged} = remembered()
  return [...labs, ...abandoned, ...damaged].map(({lab}) => lab)
}
