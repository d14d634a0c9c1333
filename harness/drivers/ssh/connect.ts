// One SSH connection to a machine: the way there, over jump hosts or a proxy command, its key, and ours.
import {spawn} from 'node:child_process'
import {Duplex} from 'node:stream'
import {text} from 'node:stream/consumers'
import {Client, type ServerHostKeyAlgorithm} from 'ssh2'
import {MachineError} from '../../driver.ts'
import {type Hop, type Target, whereIs} from './handle.ts'
import {authentication, type KeyRing} from './keys.ts'
import {addKnownHost, fingerprint, judgeHost, keyType, knownTypes, nameInKnownHosts, readKnownHosts} from './known-hosts.ts'

/** Milliseconds for a machine to answer, and for all of the handshake. */
const READY_LIMIT = 15_000
/** With so many questions unanswered a connection is lost: noticed within 5 seconds. */
const KEEPALIVE = {keepaliveInterval: 1_500, keepaliveCountMax: 2}

const CLOSED = 'the machine closed it'

export interface Connection {
  readonly client: Client
  /** Resolves with why when it has ended, whoever ended it. */
  readonly ended: Promise<string>
  end(): void
}

/**
 * @param limit milliseconds for each machine on the way
 * @throws MachineError that says what is wrong with this machine, or one on the way, and what to do
 */
export async function connect({jumps, ...target}: Target, ring: KeyRing, limit = READY_LIMIT): Promise<Connection> {
  const way: Connection[] = []
  try {
    for (const hop of [...jumps, target]) {
      const before = way.at(-1)
      way.push(await connectHop(hop, ring, limit, before ? {stream: await forward(before, hop)} : proxy(hop.proxyCommand)))
    }
  } catch (error) {
    for (const {end} of way.reverse()) end()
    throw error
  }
  const last = way.at(-1) as Connection
  const end = () => {
    for (const each of [...way].reverse()) each.end()
  }
  void last.ended.then(end)
  return {...last, end}
}

/** A channel of the connection before, to the next machine's port. */
function forward({client}: Connection, hop: Hop): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, hop.host, hop.port, (error, channel) => {
      if (error) reject(unreachable(hop, `the jump host does not get there: ${error.message}`))
      else resolve(channel)
    })
  })
}

/** What a connection goes over, where that is no TCP connection of its own. */
interface Carrier {
  readonly stream: Duplex
  /** What it complained of, once it has ended. */
  readonly complaint?: Promise<string>
}

/** ssh_config(5), ProxyCommand: a command whose standard streams are the connection. */
function proxy(command: string | undefined): Carrier | undefined {
  if (command === undefined) return undefined
  const child = spawn('sh', ['-c', `exec ${command}`], {stdio: ['pipe', 'pipe', 'pipe']})
  const stream = Duplex.from({readable: child.stdout, writable: child.stdin})
  stream.on('error', () => undefined) // told as the end of the connection
  stream.once('close', () => child.kill())
  const complaint = text(child.stderr).then(
    (words) => words.trim().split('\n').at(-1) ?? '',
    () => '',
  )
  return {stream, complaint}
}

function connectHop(hop: Hop, ring: KeyRing, most: number, carrier: Carrier | undefined): Promise<Connection> {
  const name = nameInKnownHosts(hop.knownAs ?? hop.host, hop.knownAs === undefined ? hop.port : 22)
  const known = readKnownHosts(hop.knownHosts)
  const client = new Client()
  let limit: NodeJS.Timeout | undefined
  const asking = (now: boolean) => {
    clearTimeout(limit)
    if (!now) limit = setTimeout(() => client.emit('error', new Error(`it does not answer within ${most / 1000} seconds`)), most)
  }
  const {handler, tried, failure} = authentication(hop, ring, asking)
  let refusal: MachineError | undefined
  /** The library tells that the connection ended; why, the proxy command may know. */
  const because = async (why: string) => (await carrier?.complaint) || why
  return new Promise((resolve, reject) => {
    let why: string | undefined
    let ready = false
    asking(false)
    const ended = new Promise<string>((tell) => client.once('close', () => tell(why ?? CLOSED)))
    client.on('error', (error: Error & {level?: string}) => {
      clearTimeout(limit)
      const first = why === undefined // what follows is of the destroying
      why ??= error.level === 'client-timeout' ? 'it has not answered for 5 seconds' : error.message
      client.destroy()
      if (!ready && first) void because(why).then((words) => reject(refusal ?? failure() ?? explain(hop, error, words, tried)))
    })
    client.once(
      'close',
      () => ready || why !== undefined || void because(CLOSED).then((words) => reject(refusal ?? unreachable(hop, words))),
    )
    client.once('ready', () => {
      clearTimeout(limit)
      ready = true
      client.setNoDelay(true) // small frames both ways: Nagle's algorithm would hold each up for 40 ms
      resolve({client, ended, end: () => void client.end()})
    })
    client.connect({
      ...(carrier ? {sock: carrier.stream} : {host: hop.host, port: hop.port}),
      username: hop.user,
      readyTimeout: 0, // ours waits while a person types
      ...KEEPALIVE,
      authHandler: handler,
      algorithms: {serverHostKey: {prepend: preferred(knownTypes(known, name)), append: [], remove: []}},
      hostVerifier: (key: Buffer) => {
        refusal = refuseKey(hop, name, key)
        return refusal === undefined
      },
    })
  })
}

/** A host that is known by one type of key is asked for that one first, as OpenSSH does. */
function preferred(types: readonly string[]): ServerHostKeyAlgorithm[] {
  return types
    .flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]))
    .filter((type) => SERVER_KEYS.includes(type as never)) as ServerHostKeyAlgorithm[]
}

const SERVER_KEYS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const

/** Undefined when the key is known, or new ones are taken. */
function refuseKey(hop: Hop, name: string, key: Buffer): MachineError | undefined {
  const found = judgeHost(readKnownHosts(hop.knownHosts), name, key)
  const print = `${keyType(key)} ${fingerprint(key)}`
  const [file = ''] = hop.knownHosts
  if (found.verdict === 'known') return undefined
  if (found.verdict === 'revoked')
    return new MachineError(
      'host-key-revoked',
      `${whereIs(hop)} presents a key that is revoked in ${found.by.file}:${found.by.line}: ${print}`,
      ['do not go on: whoever answers there holds a key that was withdrawn'],
    )
  if ('by' in found)
    return new MachineError('host-key-changed', `${whereIs(hop)} presents another key than the one that is known: ${print}`, [
      `the known one is ${fingerprint(found.by.key)}, in ${found.by.file}:${found.by.line}`,
      'somebody may be in between; ask whoever runs the machine for its fingerprint (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)',
      `if the machine was made anew: ssh-keygen -R '${name}' -f ${found.by.file}, then --accept-new`,
    ])
  if (!hop.acceptNew)
    return new MachineError('host-key-unknown', `the key of ${whereIs(hop)} is not known: ${print}`, [
      'compare the fingerprint with the machine’s own (there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)',
      `if it is right: --accept-new writes it to ${file}; or once: ssh ${hop.port === 22 ? '' : `-p ${hop.port} `}${hop.user}@${hop.host}`,
      ...(found.others.length > 0 ? [`it is known by other keys: ${found.others.join(', ')}`] : []),
      ...(found.authority ? ['an authority is known for it, and podwire does not read host certificates: write its plain key down'] : []),
    ])
  try {
    addKnownHost(file, name, key, hop.hashNames)
    return undefined
  } catch (error) {
    return new MachineError(
      'known-hosts',
      `the key of ${whereIs(hop)} cannot be written down: ${error instanceof Error ? error.message : error}`,
    )
  }
}

function explain(hop: Hop, {level}: {level?: string}, why: string, tried: readonly string[]): MachineError {
  if (level !== 'client-authentication') return unreachable(hop, why)
  const shown = tried.length === 0 ? 'there was no key to show' : `it takes none of ${tried.join(', ')}`
  return new MachineError('ssh-refused', `${whereIs(hop)} does not let us in: ${shown}`, [
    `name a key that it takes (key: in the inventory, IdentityFile in ~/.ssh/config), or start an agent: ssh-add`,
    `try it by hand: ssh ${hop.port === 22 ? '' : `-p ${hop.port} `}${hop.user}@${hop.host} true`,
  ])
}

function unreachable(hop: Hop, why: string): MachineError {
  return new MachineError('ssh-unreachable', `${whereIs(hop)} cannot be reached: ${why}`, [
    `does it answer by hand? ssh ${hop.port === 22 ? '' : `-p ${hop.port} `}${hop.user}@${hop.host} true`,
  ])
}
