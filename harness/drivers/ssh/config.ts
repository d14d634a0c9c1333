// From a name to where it is and how one gets in: ssh_config(5), the user's file first, then the machine's.
import {globSync, readFileSync} from 'node:fs'
import {isIPv6} from 'node:net'
import {homedir, userInfo} from 'node:os'
import {resolve as absolute, isAbsolute, join} from 'node:path'
import SSHConfig from 'ssh-config'
import type {Hop, Target} from './handle.ts'

/** What an inventory or the command line says; the rest is the configuration's, then OpenSSH's own defaults. */
export interface Wanted {
  readonly host: string
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly key?: string | undefined
  /** [user@]host[:port], several joined by commas, as ProxyJump has it; 'none' for none. */
  readonly jump?: string | undefined
  readonly underlay?: string | undefined
}

export interface SshOptions {
  /** A file in place of ~/.ssh/config and /etc/ssh/ssh_config, as `ssh -F`. */
  readonly config?: string | undefined
  /** Keys of hosts that are not known yet are taken and written down. */
  readonly acceptNew?: boolean | undefined
}

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa']
const DEEPEST_INCLUDE = 16

export interface Resolver {
  (wanted: Wanted): Target
  /** Whether a Host line of the configuration has this very name. */
  hasHost(name: string): boolean
}

/**
 * Reads the configuration once.
 * @throws Error when the file that was named cannot be read
 */
export function resolver({config, acceptNew = false}: SshOptions): Resolver {
  const text =
    config === undefined ? [join(home(), '.ssh/config'), '/etc/ssh/ssh_config'].map(readable).join('\n') : readFileSync(config, 'utf8')
  const parsed = SSHConfig.parse(included(text, config === undefined ? join(home(), '.ssh') : '.'))
  const resolve = (wanted: Wanted): Target => {
    const {hop, jump} = resolveHop(parsed, wanted, acceptNew)
    const route = wanted.jump ?? jump ?? 'none'
    const jumps = route === 'none' ? [] : route.split(',').map((each) => resolveHop(parsed, parseDestination(each.trim()), acceptNew).hop)
    return {...hop, jumps, ...(wanted.underlay !== undefined && {underlay: wanted.underlay})}
  }
  return Object.assign(resolve, {hasHost: (name: string) => parsed.find({Host: name}) !== undefined})
}

/** [user@]host[:port], with an IPv6 address in brackets where a port follows; or ssh://... */
export function parseDestination(text: string): {host: string; port?: number; user?: string} {
  const [, user, rest = ''] = /^(?:ssh:\/\/)?(?:(.+)@)?(.*?)\/?$/.exec(text) ?? []
  const [, bracketed, plain, port] = isIPv6(rest)
    ? [undefined, undefined, rest]
    : (/^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(rest) ?? [])
  const host = bracketed ?? plain
  if (host === undefined || host === '' || /[\s']/.test(text) || host.startsWith('-')) throw new Error(`${text} is no [user@]host[:port]`)
  return {host, ...(user !== undefined && {user}), ...(port !== undefined && {port: Number(port)})}
}

function resolveHop(config: SSHConfig, wanted: Wanted, acceptNew: boolean): {hop: Hop; jump: string | undefined} {
  const found = config.compute({Host: wanted.host, ...(wanted.user !== undefined && {User: wanted.user})}, {ignoreCase: true})
  const one = (name: string) => [found[name.toLowerCase()] ?? []].flat()[0]
  const all = (name: string) => [found[name.toLowerCase()] ?? []].flat()
  const host = (one('HostName') ?? '%h').replaceAll('%h', wanted.host)
  const port = wanted.port ?? Number(one('Port') ?? 22)
  const user = wanted.user ?? one('User') ?? userInfo().username
  const fill = (text: string) => expanded(text, {host, port, user, name: wanted.host})
  const named = wanted.key === undefined ? all('IdentityFile') : [wanted.key]
  const agent = one('IdentityAgent') ?? process.env.SSH_AUTH_SOCK
  const proxy = all('ProxyCommand').join(' ')
  const alias = one('HostKeyAlias')
  const strict = one('StrictHostKeyChecking')
  return {
    jump: one('ProxyJump'),
    hop: {
      host,
      port,
      user,
      keys: (named.length > 0 ? named : DEFAULT_KEYS.map((name) => `~/.ssh/${name}`)).map((key) => absolute(fill(key))),
      keysOnly: wanted.key !== undefined || one('IdentitiesOnly') === 'yes',
      ...(agent && agent !== 'none' && {agent: fill(agent === 'SSH_AUTH_SOCK' ? (process.env.SSH_AUTH_SOCK ?? '') : agent)}),
      knownHosts: [
        ...words(all('UserKnownHostsFile'), ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
        ...words(all('GlobalKnownHostsFile'), ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
      ].map((file) => absolute(fill(file))),
      ...(alias !== undefined && {knownAs: alias}),
      hashNames: one('HashKnownHosts') === 'yes',
      // `no` would take changed keys too: here it takes new ones, and no more.
      acceptNew: acceptNew || strict === 'accept-new' || strict === 'no' || strict === 'off',
      ...(proxy !== '' && proxy !== 'none' && {proxyCommand: fill(proxy)}),
    },
  }
}

/** The tokens of ssh_config(5) that files and proxy commands are written with, and ~ for home. */
function expanded(text: string, known: {host: string; port: number; user: string; name: string}): string {
  const tokens: Readonly<Record<string, string>> = {
    h: known.host,
    n: known.name,
    p: String(known.port),
    r: known.user,
    u: userInfo().username,
    d: home(),
    '%': '%',
  }
  return text.replace(/^~(?=\/|$)/, home()).replaceAll(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole)
}

function words(values: readonly string[], otherwise: readonly string[]): string[] {
  return values.length === 0
    ? [...otherwise]
    : values.flatMap((value) => value.split(/\s+/)).filter((word) => word !== '' && word !== 'none')
}

/** Include, which the parser leaves to us: the files' text in its place (ssh_config(5)). */
function included(text: string, folder: string, depth = 0): string {
  return text
    .split('\n')
    .map((line) => {
      const [, patterns] = /^\s*Include[\s=]+(.+?)\s*$/i.exec(line) ?? []
      if (patterns === undefined || depth >= DEEPEST_INCLUDE) return line
      const files = patterns.split(/\s+/).flatMap((pattern) => {
        const path = pattern.replaceAll('"', '').replace(/^~(?=\/)/, home())
        return globSync(isAbsolute(path) ? path : join(folder, path)).sort()
      })
      return files.map((file) => included(readable(file), folder, depth + 1)).join('\n')
    })
    .join('\n')
}

function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function home(): string {
  return process.env.HOME || homedir()
}
