// From a line that is typed in podwire ui's own shell to the look in which the matrix has turned; beside it that look alone.
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'
import {enter, type Look, openSocket, type Socket} from '../kernel/tools/live.ts'
import {eventually} from '../tools/eventually.ts'

export interface Turning {
  /** Milliseconds. */
  readonly turned: readonly number[]
  readonly looks: readonly number[]
}

/** Deletes a route of node1 and adds it again, so many times, in a lab that is up. */
export async function turnings(podwire: string, env: NodeJS.ProcessEnv, lab: string, rounds: number): Promise<Turning> {
  const ui = spawn(podwire, ['ui', lab], {env, stdio: ['ignore', 'pipe', 'inherit']})
  try {
    const [line] = (await once(createInterface({input: ui.stdout}), 'line')) as [string]
    const link = /http:\S+/.exec(line)?.[0] ?? ''
    const {origin} = new URL(link)
    const session = await enter({link})
    using page = await openSocket({origin}, session, '/live')
    using shell = await openSocket({origin}, session, '/shell?place=node1')
    await eventually(shell.text, (text) => text.endsWith('# '))
    const healthy = await looked(page, ({reaching}) => reaching.has('node1 -> node2'))
    const turned: number[] = []
    const looks: number[] = []
    for (let round = 0; round < rounds; round++) {
      const began = performance.now()
      shell.socket.send(Buffer.from('ip route del 10.244.2.0/24\r'))
      await looked(page, ({reaching}) => reaching.size < healthy.reaching.size)
      turned.push(performance.now() - began)
      looks.push(page.told.findLast((told) => told.kind === 'look')?.took ?? Number.NaN)
      shell.socket.send(Buffer.from('ip route add 10.244.2.0/24 via 192.168.1.12\r'))
      await looked(page, ({reaching}) => reaching.size === healthy.reaching.size)
    }
    return {turned, looks}
  } finally {
    ui.kill('SIGINT')
    await once(ui, 'exit')
  }
}

async function looked(page: Socket, isSo: (look: Look) => boolean): Promise<Look> {
  let seen = -1
  const found = await eventually(
    () => {
      // Unpacking a look takes longer than waiting for one.
      const {length} = page.told
      if (length === seen) return undefined
      seen = length
      return page.look()
    },
    (look) => look !== undefined && isSo(look),
  )
  if (!found || !isSo(found)) throw new Error(`the matrix did not turn: ${page.told.length} told, ${page.look()?.reaching.size} reach`)
  return found
}
