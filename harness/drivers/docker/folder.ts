// The folder of Docker's own client: contexts, and TLS material under Docker's names.
import {existsSync} from 'node:fs'
import {homedir} from 'node:os'
import {join} from 'node:path'

/** Where Docker's client keeps what it is told (docker(1), DOCKER_CONFIG). */
export function configFolder(env: NodeJS.ProcessEnv): string {
  return env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker')
}

/** The files of a folder that are TLS material by Docker's names, where they are there. */
export function materialIn(folder: string): {ca?: string; cert?: string; key?: string} {
  const files = (['ca', 'cert', 'key'] as const).map((name) => [name, join(folder, `${name}.pem`)] as const)
  return Object.fromEntries(files.filter(([, path]) => existsSync(path)))
}
