// A socket that hands everything on to another, until it is told to hang: then it takes connections and passes nothing, as an
// engine does that has been stopped (SIGSTOP) or whose machine has gone from the network.
import {once} from 'node:events'
import {createConnection, createServer, type Socket} from 'node:net'
import {join} from 'node:path'

export interface HangingProxy extends AsyncDisposable {
  readonly path: string
  hang(): void
  resume(): void
}

/** @param target the socket behind it */
export async function hangingProxy(target: string, folder: string): Promise<HangingProxy> {
  const path = join(folder, 'proxy.sock')
  const ends = new Set<Socket>()
  let hangs = false
  const server = createServer({allowHalfOpen: true}, (near) => {
    const far = createConnection({path: target, allowHalfOpen: true})
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        ends.delete(from)
        if (!hangs) to.destroy()
      })
      from.pipe(to)
      if (hangs) from.pause()
    }
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    path,
    hang() {
      hangs = true
      for (const end of ends) end.unpipe().pause()
    },
    resume() {
      hangs = false
      for (const end of ends) end.destroy() // what hung is lost
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) end.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
