// What podwire shows a machine to be let in: keys of files, an agent's, in the order in which nobody is asked for nothing.
import {readFileSync} from 'node:fs'
import ssh2, {type AuthenticationType, type AuthHandlerMiddleware, type ParsedKey} from 'ssh2'
import type {Hop} from './handle.ts'

/** Asks a person for the passphrase of a key; undefined where there is nobody to ask, or no answer. */
export type AskPassphrase = (key: string, attempt: number) => Promise<string | undefined>

const ATTEMPTS = 3

export interface KeyRing {
  /** A file's private key; undefined where there is no such file or nobody has its passphrase. */
  open(path: string): Promise<ParsedKey | undefined>
  isEncrypted(path: string): boolean
}

/** Asks for each passphrase once, however many machines take the key. */
export function keyRing(ask: AskPassphrase): KeyRing {
  const opened = new Map<string, Promise<ParsedKey | undefined>>()
  return {
    isEncrypted: (path) => parse(path) === 'encrypted',
    open(path) {
      const known = opened.get(path) ?? unlock(path, ask)
      opened.set(path, known)
      return known
    },
  }
}

async function unlock(path: string, ask: AskPassphrase): Promise<ParsedKey | undefined> {
  const plain = parse(path)
  if (plain !== 'encrypted') return plain
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const passphrase = await ask(path, attempt)
    if (passphrase === undefined) return undefined
    const key = parse(path, passphrase)
    if (key !== undefined && key !== 'encrypted') return key
  }
  return undefined
}

function parse(path: string, passphrase?: string): ParsedKey | 'encrypted' | undefined {
  let text: Buffer
  try {
    text = readFileSync(path)
  } catch {
    return undefined
  }
  const key = ssh2.utils.parseKey(text, passphrase)
  // The library names its refusals by text alone: what is no key of any kind is told apart by what a key begins with.
  if (key instanceof Error) return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text.toString('latin1', 0, 200)) ? 'encrypted' : undefined
  const [first] = [key].flat()
  return first?.isPrivateKey() ? first : undefined
}

export interface Authentication {
  readonly handler: AuthHandlerMiddleware
  /** What was shown, for the message when none of it was taken. */
  readonly tried: readonly string[]
  /** What went wrong on podwire's side: nobody could be asked. */
  readonly failure: () => unknown
}

/**
 * Keys that lie open, then the agent, then those that somebody must be asked for.
 * @param asking told while a person is asked, who may take longer than a machine
 */
export function authentication(hop: Hop, ring: KeyRing, asking: (now: boolean) => void): Authentication {
  const tried: string[] = []
  let failed: unknown
  const locked = hop.keys.filter((path) => ring.isEncrypted(path))
  const offers = [
    ...hop.keys.filter((path) => !locked.includes(path)).map((path) => () => offerKey(path)),
    ...(hop.agent === undefined ? [] : [async () => offerAgent(hop.agent ?? '')]),
    ...locked.map((path) => () => offerKey(path)),
  ]

  async function offerKey(path: string) {
    asking(true)
    const key = await ring.open(path).finally(() => asking(false))
    if (key) tried.push(path)
    return key && {type: 'publickey' as const, username: hop.user, key}
  }

  function offerAgent(agent: string) {
    tried.push(`the agent at ${agent}`)
    return {type: 'agent' as const, username: hop.user, agent}
  }

  async function next(): Promise<unknown> {
    for (let offer = offers.shift(); offer; offer = offers.shift()) {
      const made = await offer()
      if (made) return made
    }
    return false
  }

  const handler = (left: AuthenticationType[] | null, _partial: boolean | null, callback: (method: never) => void) => {
    // The first question is asked without a key, to hear what the machine takes (RFC 4252, 5.2).
    if (left === null) return callback({type: 'none', username: hop.user} as never)
    next().then(
      (method) => callback(method as never),
      (error: unknown) => {
        failed = error
        callback(false as never)
      },
    )
  }
  return {handler: handler as unknown as AuthHandlerMiddleware, tried, failure: () => failed}
}
