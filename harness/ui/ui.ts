// The live page of a lab: what is found of it goes to every page that is open, what a page asks for is done, one thing at a
// time. It knows nothing of the command line.
import * as v from 'valibot'
import type {WebSocket} from 'ws'
import type {Fleet} from '../driver.ts'
import type {Diagnosis, Probe, Scenario} from '../model.ts'
import {pack} from '../report/pack.ts'
import {type Deaf, follow, type Look} from '../watch/follow.ts'
import type {Ask, Told} from './protocol.ts'
import {type OpenSocket, type Served, type Server, startServer} from './server.ts'
import {type ShellAt, serveShell} from './shell.ts'

export interface UiOptions {
  readonly fleet: Fleet
  readonly scenario: Scenario
  readonly port: number
  readonly files: ReadonlyMap<string, Served>
  /** Whether the lab still runs. */
  readonly runs: () => Promise<boolean>
  /** A look, with what is known of why pairs fail, as the document that --json prints. */
  readonly documentOf: (look: Look, diagnoses: readonly Diagnosis[]) => unknown
  /** Both ways. @throws UsageError where there is no such pair */
  readonly probe: (from: string, to: string, mtu: number) => Promise<readonly Probe[]>
  readonly diagnose: (from: string, to: string) => Promise<readonly Diagnosis[]>
  readonly shell: ShellAt
}

export interface Ui extends AsyncDisposable {
  readonly link: Server['link']
  /** Resolves when the lab is down. */
  readonly gone: Promise<void>
}

const ASK = v.variant('kind', [
  v.object({kind: v.literal('look')}),
  v.object({kind: v.picklist(['probe', 'diagnose']), id: v.number(), from: v.string(), to: v.string()}),
])
/** What pages have asked for and is not done. */
const MOST_ASKED = 8
/** Bytes that a page has not taken: it gets the next look when it has. */
const MOST_WAITING = 1 << 23

/** @throws MachineError when the port is not to be had */
export async function startUi(options: UiOptions): Promise<Ui> {
  const {fleet, scenario, runs} = options
  const pages = new Set<WebSocket>()
  const deaf = new Map<string, Told>()
  let last: Told | undefined
  let mtu = 1500
  let diagnoses: readonly Diagnosis[] = []
  const {promise: gone, resolve: end} = Promise.withResolvers<void>()

  const tell = (told: Told, to: Iterable<WebSocket> = pages) => {
    const text = JSON.stringify(told)
    for (const page of to) if (page.bufferedAmount < MOST_WAITING) page.send(text)
  }

  const following = follow({
    fleet,
    scenario,
    runs,
    listener: {
      looked(look) {
        diagnoses = diagnoses.filter((diagnosis) => stillFails(diagnosis, look.probes))
        const {number, at, took} = look
        mtu = look.mtu
        last = {kind: 'look', document: pack(options.documentOf(look, diagnoses)), number, at, took}
        tell(last)
      },
      changed: (changes, more) => tell({kind: 'changes', changes, more, at: Date.now()}),
      deaf(heard) {
        const told: Told = {kind: 'deaf', at: Date.now(), ...heard}
        if (!heard.again) deaf.set(whereOf(heard), told)
        tell(told)
      },
      gone() {
        tell({kind: 'gone'})
        end()
      },
    },
  })

  /** Of all pages together, in order: each has the lab to itself, or it would see another's packets. */
  let turn: Promise<void> = Promise.resolve()
  let asked = 0

  function carryOut(ask: Extract<Ask, {id: number}>, page: WebSocket): void {
    const {kind, id, from, to} = ask
    if (asked >= MOST_ASKED) {
      tell({kind: 'refused', id, why: 'too much has been asked for and is not done yet'}, [page])
      return
    }
    asked++
    turn = turn.then(async () => {
      try {
        if (kind === 'probe') {
          tell({kind: 'probed', id, probes: await options.probe(from, to, mtu)}, [page])
          return
        }
        const found = await options.diagnose(from, to)
        diagnoses = [...diagnoses.filter((known) => !found.some((one) => one.pairs.some((pair) => known.pairs.includes(pair)))), ...found]
        tell({kind: 'diagnosed', id, diagnoses: found}, [page])
        following.look() // so that all pages have it
      } catch (error) {
        tell({kind: 'refused', id, why: error instanceof Error ? error.message : String(error)}, [page])
      } finally {
        asked--
      }
    })
  }

  function openPage(page: WebSocket): void {
    pages.add(page)
    page.on('close', () => {
      pages.delete(page)
      if (pages.size === 0) following.watched(false)
    })
    page.on('message', (data) => {
      const ask = readAsk(String(data))
      if (!ask) page.close(1008, 'not understood')
      else if (ask.kind === 'look') following.look()
      else carryOut(ask, page)
    })
    for (const told of [...deaf.values(), ...(last ? [last] : [])]) tell(told, [page])
    following.watched(true)
  }

  const shells = new Set<AsyncDisposable>()
  let server: Server
  try {
    server = await startServer({
      port: options.port,
      files: options.files,
      sockets: new Map<string, OpenSocket>([
        ['/live', openPage],
        ['/shell', (socket, query) => void serveShell(socket, query, fleet, options.shell, shells)],
      ]),
    })
  } catch (error) {
    await following[Symbol.asyncDispose]()
    throw error
  }
  return {
    link: server.link,
    gone,
    async [Symbol.asyncDispose]() {
      await Promise.all([...shells].map((shell) => shell[Symbol.asyncDispose]()))
      await Promise.all([server[Symbol.asyncDispose](), following[Symbol.asyncDispose]()])
    },
  }
}

function readAsk(text: string): Ask | undefined {
  try {
    const {success, output} = v.safeParse(ASK, JSON.parse(text))
    return success ? output : undefined
  } catch {
    return undefined
  }
}

/** One of its pairs at least; a pair that is answered and translated has failed too. */
function stillFails({pairs, cause}: Diagnosis, probes: readonly Probe[]): boolean {
  const own = probes.filter(({from, to}) => pairs.includes(`${from} -> ${to}`))
  return own.some(({answered}) => answered !== true) || cause.endsWith('-nat')
}

function whereOf({node, netns = '', tool = ''}: Deaf): string {
  return `${node} ${netns} ${tool}`
}
