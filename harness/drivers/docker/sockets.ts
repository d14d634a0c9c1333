// Where an engine on this machine listens. In a file of its own because dockerode takes 90 ms to load: whoever only wants
// to know whether there is a socket need not load it.
import {existsSync} from 'node:fs'

/** The machine's own engine, and the private one of `make engine`. */
export const ENGINE_SOCKETS = ['/var/run/docker.sock', '/run/podwire/engine/docker.sock']

/** False where there is not even a socket to ask at. */
export function mayHaveEngine(): boolean {
  return Boolean(process.env.DOCKER_HOST) || ENGINE_SOCKETS.some((path) => existsSync(path))
}
