// A machine: one SSH connection, shared by all that is done there, made again when it was lost. What runs there as root is
// asked for over two sessions of it: one for control.pl, one for the commands (multiplexer.pl).
import {once} from 'node:events'
import {text} from 'node:stream/consumers'
import type {Client, ClientChannel} from 'ssh2'
import {MachineError} from '../../driver.ts'
import {packagesOf} from '../../packages.ts'
import {type Connection, connect} from './connect.ts'
import {type Target, whereIs} from './handle.ts'
import type {KeyRing} from './keys.ts'
import {type Multiplexer, multiplex} from './multiplexer.ts'
import {asRoot, CONTROL, MULTIPLEXER, NO_PERL, NO_SUDO, perlArgv} from './program.ts'

/** Milliseconds between two beats, and seconds without one after which the machine undoes all by itself. */
const BEAT = 2_000
export const SWITCH_LIMIT = 15
/** Milliseconds before each try to connect again, and for each; together below the switch's limit. */
const AGAIN = [0, 300, 1_000]
const AGAIN_LIMIT = 3_500

/** Where a node's commands run. */
export interface Inside {
  /** The process that holds its namespaces; 0: the machine itself. */
  readonly pid: number
  /** Its holder's folder: without it what runs on the machine itself would outlive the lab. */
  readonly folder: string
}

export interface Machine {
  readonly node: string
  readonly target: Target
  /** What the machine said of itself: connection, device, mtu, missing ... (control.pl, about). */
  about(): Promise<ReadonlyMap<string, string>>
  /** Asks control.pl. @throws Error with its words, or when the connection is lost under it */
  control(word: string, content?: string): Promise<string>
  /** From now on the limit is renewed, and a connection that was lost is made again for that alone. */
  beat(folder: string): void
  commands(inside: Inside): Promise<Multiplexer>
  /** A command with a terminal. */
  terminal(argv: readonly string[], size: {rows: number; cols: number; term: string}): Promise<ClientChannel>
  /** Why the connection was lost last. */
  readonly lost: string | undefined
  close(): void
}

interface Link {
  readonly connection: Connection
  readonly asked: (word: string, content: string) => Promise<string>
  multiplexer?: Promise<Multiplexer>
}

/** @throws MachineError when it cannot be reached, does not let us in, or does not let us be root */
export async function openMachine(node: string, target: Target, ring: KeyRing): Promise<Machine> {
  let link: Promise<Link> | undefined
  let lost: string | undefined
  let closed = false
  let folder: string | undefined
  let beating: NodeJS.Timeout | undefined

  /** The connection, made again where it was lost. */
  function current(): Promise<Link> {
    if (closed) return Promise.reject(new Error(`the connection to ${node} is closed`))
    link ??= establish().catch((error: unknown) => {
      link = undefined
      throw error
    })
    return link
  }

  async function establish(): Promise<Link> {
    const again = lost === undefined ? [0] : AGAIN
    for (const [attempt, pause] of again.entries()) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      try {
        return await established()
      } catch (error) {
        const hopeless = error instanceof MachineError && error.code !== 'ssh-unreachable'
        if (hopeless || closed || attempt === again.length - 1) throw error
      }
    }
    throw new Error('not tried')
  }

  async function established(): Promise<Link> {
    const connection = await connect(target, ring, lost === undefined ? undefined : AGAIN_LIMIT)
    const asked = await openControl(connection.client, target).catch((error: unknown) => {
      connection.end()
      if (error instanceof MachineError) throw error
      throw new MachineError('ssh-unreachable', `${whereIs(target)} was lost while it was set up: ${words(error)}`)
    })
    const fresh: Link = {connection, asked}
    if (folder !== undefined) {
      try {
        await fresh.asked('attach', folder)
      } catch (error) {
        connection.end()
        throw new MachineError('node-gone', `${node} (${whereIs(target)}) has undone the lab by itself: ${words(error)}`)
      }
    }
    void connection.ended.then((why) => {
      if (closed) return
      lost = `the connection to ${node} (${whereIs(target)}) was lost: ${why}`
      link = undefined
    })
    return fresh
  }

  await current()
  return {
    node,
    target,
    about: async () =>
      new Map((await (await current()).asked('about', '')).split('\n').map((line) => line.split('\t') as [string, string])),
    control: async (word, content = '') => (await current()).asked(word, content),
    beat(where) {
      folder = where
      beating = setInterval(() => {
        void current()
          .then(({asked}) => asked('beat', ''))
          .catch(() => undefined) // the next command tells it
      }, BEAT)
      beating.unref()
    },
    async commands({pid, folder: holder}) {
      const here = await current()
      here.multiplexer ??= (async () => {
        const started = await openSession(
          here.connection.client,
          asRoot([...inside(pid), ...perlArgv(MULTIPLEXER, pid === 0 ? holder : '')]),
        )
        started.stderr.resume()
        started.write(MULTIPLEXER)
        const opened = multiplex(started)
        void opened.closed.then(() => {
          delete here.multiplexer
        })
        return opened
      })()
      return here.multiplexer
    },
    async terminal(argv, {rows, cols, term}) {
      const {connection} = await current()
      return new Promise((resolve, reject) => {
        connection.client.exec(asRoot(argv, {TERM: term}), {pty: {rows, cols, term}}, (error, opened) =>
          error ? reject(error) : resolve(opened),
        )
      })
    },
    get lost() {
      return lost
    },
    close() {
      closed = true
      clearInterval(beating)
      void link?.then(({connection}) => connection.end()).catch(() => undefined)
    },
  }
}

/** Argv in front of another, to run it in a node's namespaces. */
export function inside(pid: number): string[] {
  return pid === 0 ? [] : ['nsenter', '--target', String(pid), '--pid', '--mount', '--net', '--uts', '--wd=/']
}

function openSession(client: Client, line: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(line, (error, channel) => (error ? reject(error) : resolve(channel)))
  })
}

/** Starts control.pl, and gives what asks it. @throws MachineError when we may not be root there */
async function openControl(client: Client, target: Target): Promise<Link['asked']> {
  const tools = packagesOf('node').map(({command}) => command)
  const channel = await openSession(client, asRoot(perlArgv(CONTROL, tools.join(' ')), {}, true))
  const complaint = text(channel.stderr).catch(() => '')
  let code: number | null = null
  channel.once('exit', (value: number | null) => {
    code = value
  })
  const ended = once(channel, 'close')
  channel.on('error', () => undefined)
  channel.write(CONTROL)
  const waiting: {resolve: (text: string) => void; reject: (error: Error) => void}[] = []
  let heard = Buffer.alloc(0)
  let greeted = false
  let bySudo = false
  const greeting = new Promise<void>((resolve, reject) => {
    channel.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk])
      for (let end = heard.indexOf(0x0a); !greeted && end >= 0; end = heard.indexOf(0x0a)) {
        const word = heard.toString('latin1', 0, end)
        heard = heard.subarray(end + 1)
        bySudo ||= word === 'sudo'
        greeted = word === 'podwire'
        if (greeted) resolve()
      }
      if (greeted) heard = takeAnswers(heard, waiting)
    })
    void ended.then(async () => {
      reject(refusal(target, code, bySudo, (await complaint).trim()))
      for (const {reject: fail} of waiting.splice(0)) fail(new Error('the connection was lost before an answer came'))
    })
  })
  await greeting
  let over = false
  void ended.then(() => {
    over = true
  })
  return (word, content) =>
    new Promise((resolve, reject) => {
      if (over) return reject(new Error('the connection was lost'))
      waiting.push({resolve, reject})
      const body = Buffer.from(content)
      channel.write(Buffer.concat([Buffer.from(`${word} ${body.length}\n`), body]))
    })
}

/** Whole answers at the beginning of what was heard, given to those who wait for them, in turn; the rest is returned. */
function takeAnswers(heard: Buffer, waiting: {resolve: (text: string) => void; reject: (error: Error) => void}[]): Buffer<ArrayBuffer> {
  let rest = heard as Buffer<ArrayBuffer>
  for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
    const [how, length] = rest.toString('latin1', 0, end).split(' ')
    const size = Number(length)
    if (rest.length - end - 1 < size) break
    const words = rest.toString('utf8', end + 1, end + 1 + size)
    rest = rest.subarray(end + 1 + size)
    const next = waiting.shift()
    if (how === 'ok') next?.resolve(words)
    else next?.reject(new Error(words.trim()))
  }
  return rest
}

/** Why control.pl did not start. */
function refusal(target: Target, code: number | null, bySudo: boolean, complaint: string): MachineError {
  const where = whereIs(target)
  if (code === NO_PERL) return new MachineError('missing-tool', `${where} has no perl`, ['there: apt-get install perl-base'])
  if (code === NO_SUDO || bySudo)
    return new MachineError('no-root', `${target.user} may not be root on ${where}: ${complaint || 'sudo refused'}`, [
      `let ${target.user} use sudo without a password (there: echo '${target.user} ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/podwire), or log in as root`,
    ])
  return new MachineError('ssh-unreachable', `${where} does not run what podwire needs: ${complaint || `exit ${code ?? 'unknown'}`}`)
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
