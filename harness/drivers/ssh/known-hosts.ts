// Whether a host's key is the one that is known: known_hosts files as sshd(8) describes them under SSH_KNOWN_HOSTS FILE
// FORMAT, with hashed names, [host]:port, patterns, @revoked and @cert-authority.
import {createHash, createHmac, randomBytes, timingSafeEqual} from 'node:crypto'
import {appendFileSync, mkdirSync, readFileSync} from 'node:fs'
import {dirname} from 'node:path'
import {glob} from 'ssh-config'

export interface KnownHost {
  readonly marker?: string
  readonly hosts: string
  readonly type: string
  readonly key: Buffer
  readonly file: string
  /** 1-based. */
  readonly line: number
}

export type HostVerdict =
  | {readonly verdict: 'known'}
  /** No line has its name; `others` are key types under which it is known. */
  | {readonly verdict: 'unknown'; readonly others: readonly string[]; readonly authority: boolean}
  | {readonly verdict: 'changed' | 'revoked'; readonly by: KnownHost}

/** Lines of known_hosts text. What is no line of it is passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((content, index) => {
    const words = content.trim().split(/\s+/)
    if (words[0]?.startsWith('#')) return []
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined
    const [hosts, type, base64] = words
    if (hosts === undefined || type === undefined || base64 === undefined) return []
    return [{...(marker !== undefined && {marker}), hosts, type, key: Buffer.from(base64, 'base64'), file, line: index + 1}]
  })
}

/** The lines of all files; one that is not there has none. */
export function readKnownHosts(files: readonly string[]): KnownHost[] {
  return files.flatMap((file) => {
    try {
      return parseKnownHosts(readFileSync(file, 'utf8'), file)
    } catch {
      return []
    }
  })
}

/** The name under which a host stands in known_hosts. */
export function nameInKnownHosts(host: string, port: number): string {
  const name = host.toLowerCase()
  return port === 22 ? name : `[${name}]:${port}`
}

/** The types of key under which a host is known, without revoked ones and authorities. */
export function knownTypes(lines: readonly KnownHost[], name: string): string[] {
  return [...new Set(lines.filter(({marker, hosts}) => marker === undefined && matches(hosts, name)).map(({type}) => type))]
}

/** @param key as the host presented it (RFC 4253, 6.6) */
export function judgeHost(lines: readonly KnownHost[], name: string, key: Buffer): HostVerdict {
  const own = lines.filter(({hosts}) => matches(hosts, name))
  const revoked = own.find((line) => line.marker === '@revoked' && line.key.equals(key))
  if (revoked) return {verdict: 'revoked', by: revoked}
  const plain = own.filter(({marker}) => marker === undefined)
  if (plain.some((line) => line.key.equals(key))) return {verdict: 'known'}
  const type = keyType(key)
  const changed = plain.find((line) => line.type === type)
  if (changed) return {verdict: 'changed', by: changed}
  // An authority vouches for certificates, and what was presented is a plain key.
  return {
    verdict: 'unknown',
    others: [...new Set(plain.map((line) => line.type))],
    authority: own.some(({marker}) => marker === '@cert-authority'),
  }
}

/** SHA256:..., as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** ssh-ed25519, ssh-rsa ...: the first string of a key (RFC 4253, 6.6). */
export function keyType(key: Buffer): string {
  return key.length < 4 ? '' : key.toString('latin1', 4, 4 + key.readUInt32BE(0))
}

/** Writes a new host down, as OpenSSH does under StrictHostKeyChecking=accept-new. @throws Error when it cannot be written */
export function addKnownHost(file: string, name: string, key: Buffer, hashed: boolean): void {
  mkdirSync(dirname(file), {recursive: true, mode: 0o700})
  appendFileSync(file, `${hashed ? hashName(name) : name} ${keyType(key)} ${key.toString('base64')}\n`, {mode: 0o600})
}

/** Names are joined by commas; one with ! in front excludes. */
function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) return isHashOf(hosts, name)
  const patterns = hosts.toLowerCase().split(',')
  if (patterns.some((pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), name))) return false
  return patterns.some((pattern) => matchesPattern(pattern, name))
}

/** [ and ] are part of the name here, and no pattern (ssh_config(5), PATTERNS). */
function matchesPattern(pattern: string, name: string): boolean {
  return pattern === name || (/[*?]/.test(pattern) && !pattern.includes('[') && glob(pattern, name))
}

/** |1|salt|HMAC-SHA1 of the name, both in base64 (ssh-keygen(1), -H). */
function isHashOf(hosts: string, name: string): boolean {
  const [, , salt = '', hash = ''] = hosts.split('|')
  const wanted = Buffer.from(hash, 'base64')
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return wanted.length === found.length && timingSafeEqual(wanted, found)
}

function hashName(name: string): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}
