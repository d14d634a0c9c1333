// The death of a node of a kept lab.
import {globSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {requireEngine} from '../../../harness/drivers/docker/engine.ts'
import type {Home} from './home.ts'

/** Ends what holds a node up, as a crash would. */
export async function endNode({folder}: Pick<Home, 'folder'>, lab: string, node: string): Promise<void> {
  const [record = ''] = globSync(`**/${lab}.json`, {cwd: folder})
  const {handle} = JSON.parse(readFileSync(join(folder, record), 'utf8')) as {
    handle: {nodes?: {name: string; pid: number}[]; containers?: Record<string, string>}
  }
  const id = handle.containers?.[node]
  if (id !== undefined) return (await requireEngine()).docker.getContainer(id).remove({force: true})
  const holder = handle.nodes?.find(({name}) => name === node)
  if (!holder) throw new Error(`nothing holds ${node}`)
  process.kill(holder.pid, 'SIGKILL')
}
