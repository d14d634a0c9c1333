// A caller of CNI plugins, as cnitool and the runtimes are: it reads a network's configuration list, runs its plugins in
// order, each with what the one before it answered, and keeps the last answer for CHECK and DEL. From sections 2 and 3 of
// the specification, not from the plugin under test.
import type {BareNode, NodeEnded} from './bare-node.ts'

export interface Interface {
  readonly name: string
  readonly mac?: string
  readonly mtu?: number
  readonly sandbox?: string
}

export interface Result {
  readonly cniVersion: string
  readonly interfaces?: readonly Interface[]
  readonly ips?: readonly {readonly address: string; readonly gateway?: string; readonly interface?: number; readonly version?: string}[]
  readonly routes?: readonly {readonly dst: string; readonly gw?: string}[]
  readonly dns?: Readonly<Record<string, unknown>>
}

interface PluginConfiguration {
  readonly type: string
  readonly [field: string]: unknown
}

export interface NetworkList {
  readonly cniVersion: string
  readonly cniVersions?: readonly string[]
  readonly name: string
  readonly plugins: readonly PluginConfiguration[]
}

export interface Attachment {
  readonly container: string
  readonly netns: string
  readonly ifname: string
}

export class CniError extends Error {
  override readonly name = 'CniError'
  readonly code: number
  readonly msg: string
  readonly details: string
  readonly cniVersion: string | undefined
  constructor({code, msg, details = '', cniVersion}: {code: number; msg: string; details?: string; cniVersion?: string}) {
    super(`${code}: ${msg} (${details})`)
    this.code = code
    this.msg = msg
    this.details = details
    this.cniVersion = cniVersion
  }
}

export const PLUGINS = '/run/podwire:/usr/lib/cni'

/** A container of its own name, in a namespace of that name. */
export function attachment(container: string, ifname = 'eth0'): Attachment {
  return {container, netns: `/run/netns/${container}`, ifname}
}

/** One plugin, run once: what it is handed is all there is. */
export async function exec(on: BareNode, type: string, env: Readonly<Record<string, string>>, input: string): Promise<NodeEnded> {
  return on.run(`IFS=:; for folder in $CNI_PATH; do [ ! -x "$folder/${type}" ] || exec "$folder/${type}"; done; exit 127`, {
    env: {CNI_PATH: PLUGINS, ...env},
    input,
  })
}

/** What a plugin answered, or a CniError from its error object. */
export function answerOf({code, stdout, stderr}: NodeEnded): Result | undefined {
  if (code === 0) return stdout === '' ? undefined : JSON.parse(stdout)
  try {
    throw new CniError(JSON.parse(stdout))
  } catch (error) {
    throw error instanceof CniError ? error : new Error(`exit ${code}, and no error object: ${stdout}${stderr}`)
  }
}

/** The highest version of CNI in the list that this caller knows, as spec 1.1.0 asks. */
function versionOf({cniVersion, cniVersions = []}: NetworkList): string {
  return (
    [cniVersion, ...cniVersions]
      .filter((version) => version <= '1.1.0')
      .sort()
      .at(-1) ?? cniVersion
  )
}

export interface Network {
  add(to: Attachment): Promise<Result>
  check(of: Attachment): Promise<void>
  del(of: Attachment): Promise<void>
  gc(valid: readonly Attachment[]): Promise<void>
  status(): Promise<void>
  /** What the plugin is handed, for tests that hand it something else. */
  configurationOf(plugin: PluginConfiguration, more?: object): string
}

export function network(on: BareNode, list: NetworkList): Network {
  const cniVersion = versionOf(list)
  const cache = new Map<string, Result>()
  const key = ({container, ifname}: Attachment) => `${container}/${ifname}`
  const configurationOf = (plugin: PluginConfiguration, more = {}) => JSON.stringify({...plugin, name: list.name, cniVersion, ...more})

  async function call(command: string, plugin: PluginConfiguration, of?: Attachment, more = {}): Promise<Result | undefined> {
    const env = of && {CNI_CONTAINERID: of.container, CNI_NETNS: of.netns, CNI_IFNAME: of.ifname}
    return answerOf(await exec(on, plugin.type, {CNI_COMMAND: command, ...env}, configurationOf(plugin, more)))
  }

  return {
    configurationOf,
    async add(to) {
      let prevResult: Result | undefined
      for (const plugin of list.plugins) prevResult = await call('ADD', plugin, to, prevResult && {prevResult})
      if (!prevResult) throw new Error('ADD answered nothing')
      cache.set(key(to), prevResult)
      return prevResult
    },
    async check(of) {
      for (const plugin of list.plugins) await call('CHECK', plugin, of, {prevResult: cache.get(key(of))})
    },
    async del(of) {
      const prevResult = cache.get(key(of))
      for (const plugin of list.plugins.toReversed()) await call('DEL', plugin, of, prevResult && {prevResult})
      cache.delete(key(of))
    },
    async gc(valid) {
      const attachments = valid.map(({container, ifname}) => ({containerID: container, ifname}))
      for (const plugin of list.plugins) await call('GC', plugin, undefined, {'cni.dev/valid-attachments': attachments})
    },
    async status() {
      for (const plugin of list.plugins) await call('STATUS', plugin)
    },
  }
}
