// podwire clean: remove what a crash left. The kernel removes a local lab with its podwire; what can be left is the record
// of a kept lab that is gone, or of one that never came to be, on a Docker engine a network, and on several engines what
// stayed on one that was gone.

import {leftTraces} from '../kept/traces.ts'
import {forgetOrphans, remembered} from '../kept.ts'
import {FORMAT} from '../report/format.ts'
import {EXIT} from './exit.ts'
import {runningLabs} from './running.ts'
import {complain, print, printJson} from './terminal.ts'

export async function clean({json}: {readonly json?: boolean}): Promise<number> {
  const before = recordsOf()
  const running = (await runningLabs()).map(({kept}) => kept.lab) // forgets those that are gone
  const after = recordsOf()
  const gone = [...before.filter((lab) => !after.includes(lab)), ...(await forgetOrphans())]
  const records = gone.map((lab) => `record of lab ${lab}`)
  const {cleanEngine, cleanSeveral} = await import('../drivers/docker/clean.ts')
  const removed = [...records, ...(await cleanEngine(recordsOf))]
  const problems: string[] = []
  for (const {forget, ...traces} of leftTraces()) {
    const cleaned = await cleanSeveral(traces, recordsOf)
    removed.push(...cleaned.removed)
    problems.push(...cleaned.problems)
    if (cleaned.problems.length === 0) forget()
  }
  for (const words of new Set(problems)) complain(`warning[engine-left]: ${words}\n   = help: once it answers again: podwire clean`)
  if (json) printJson({format: FORMAT, kind: 'cleaned', removed, running})
  else if (removed.length > 0) print(removed.map((what) => `removed ${what}`).join('\n'))
  else if (problems.length === 0) print('nothing was left')
  return problems.length === 0 ? EXIT.asClaimed : EXIT.cannotRun
}

/** Names that have a record, be it damaged: what may be of such a lab is spared. */
function recordsOf(): string[] {
  const {labs, abandoned, damaged} = remembered()
  return [...labs, ...abandoned, ...damaged].map(({lab}) => lab)
}
