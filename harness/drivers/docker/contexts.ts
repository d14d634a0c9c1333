// Docker contexts, as Docker's client keeps them: contexts/meta/SHA256(NAME)/meta.json, and the TLS material of each in
// contexts/tls/SHA256(NAME)/docker (docs.docker.com, "Docker contexts"; docker/cli, cli/context/store).
import {createHash} from 'node:crypto'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import * as v from 'valibot'
import {configFolder, materialIn} from './folder.ts'

export interface Context {
  readonly name: string
  /** unix://, tcp://, ssh:// ... */
  readonly host: string
  readonly tls?: {readonly ca?: string; readonly cert?: string; readonly key?: string; readonly verify: boolean}
}

/** One that is there and says no engine. */
export interface UnreadableContext {
  readonly name: string
  readonly why: string
}

const META = v.object({
  Name: v.string(),
  Endpoints: v.object({docker: v.object({Host: v.string(), SkipTLSVerify: v.optional(v.boolean(), false)})}),
})

/** All contexts but Docker's `default`, which is none. */
export function readContexts(env: NodeJS.ProcessEnv): (Context | UnreadableContext)[] {
  const store = join(configFolder(env), 'contexts')
  const meta = join(store, 'meta')
  if (!existsSync(meta)) return []
  return readdirSync(meta).map((folder) => readContext(store, folder))
}

function readContext(store: string, folder: string): Context | UnreadableContext {
  let data: unknown
  try {
    data = JSON.parse(readFileSync(join(store, 'meta', folder, 'meta.json'), 'utf8'))
  } catch (error) {
    return {name: folder, why: error instanceof Error ? error.message : String(error)}
  }
  const {success, output} = v.safeParse(META, data)
  const name = typeof data === 'object' && data !== null && 'Name' in data && typeof data.Name === 'string' ? data.Name : folder
  if (!success) return {name, why: 'it names no Docker engine'}
  const {Host: host, SkipTLSVerify: skip} = output.Endpoints.docker
  const material = materialIn(join(store, 'tls', createHash('sha256').update(output.Name).digest('hex'), 'docker'))
  const secure = Object.keys(material).length > 0 || skip
  return {name: output.Name, host, ...(secure && {tls: {...material, verify: !skip}})}
}
