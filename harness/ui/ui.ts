// The live page of a lab: what is found of it goes to every page that is open, what a page asks for is done, one thing at a
// time. It knows nothing of the command line.
import * as v from 'valibot'
import type {WebSocket} from 'ws'
import type {Fleet} from '../driver.ts'
import type {Diagnosis, Probe, Scenario} from '../model.ts'
import type {ResultDocument} from '../report/document.ts'
import {pack} from '../report/pack.ts'
import type {Deaf} from '../watch/change.ts'
import {follow, type Look} from '../watch/follow.ts'
import {knownDiagnoses} from './known.ts'
import type {Ask, Told} from './protocol.ts'
import {type OpenSocket, type Served, type Server, startServer} from './server.ts'
import {type ShellAt, serveShell} from './shell.ts'
import {liveView} from './view.ts'

export interface UiOptions {
  readonly fleet: Fleet
  readonly scenario: Scenario
  readonly port: number
  readonly files: ReadonlyMap<string, Served>
  /** Whether the lab still runs. */
  readonly runs: () => Promise<boolean>
  /** A look, with what is known of why pairs fail, as the document that --json prints. */
  readonly documentOf: (look: Look, diagnoses: readonly Diagnosis[]) => ResultDocument
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
  const viewOf = liveView(scenario)
  let last: Look | undefined
  let shown: Told | undefined
  const known = knownDiagnoses()
  const {promise: gone, resolve: end} = Promise.withResolvers<void>()

  const tell = (told: Told, to: Iterable<WebSocket> = pages) => {
    const text = JSON.stringify(told)
    for (const page of to) if (page.bufferedAmount < MOST_WAITING) page.send(text)
  }

  async function show(look: Look): Promise<void> {
    last = look
    const view = await viewOf(look, options.documentOf(look, known.standing(look.probes)))
    if (last !== look) return // a newer one is being shown
    const {number, at, took} = look
    shown = {kind: 'look', view: pack(view), number, at, took}
    tell(shown)
  }

  const following = follow({
    fleet,
    scenario,
    runs,
    listener: {
      looked: show,
      changed(changes, more) {
        known.changed()
        tell({kind: 'changes', changes, more, at: Date.now()})
      },
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
        if (kind === 'probe') await probe(from, to)
        else await diagnose(from, to)
        tell({kind: 'done', id}, [page])
      } catch (error) {
        tell({kind: 'refused', id, why: error instanceof Error ? error.message : String(error)}, [page])
      } finally {
        asked--
      }
    })
  }

  /** What comes of it stands in the last look from now on, for all pages. */
  async function probe(from: string, to: string): Promise<void> {
    const probes = await options.probe(from, to, last?.mtu ?? 1500)
    const asked = new Set(probes.map(pairOf))
    if (last) await show({...last, probes: last.probes.map((old) => (asked.has(pairOf(old)) ? (same(probes, old) ?? old) : old))})
  }

  async function diagnose(from: string, to: string): Promise<void> {
    known.add(from, to, await options.diagnose(from, to))
    if (last) await show({...last})
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
    for (const told of [...deaf.values(), ...(shown ? [shown] : [])]) tell(told, [page])
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

function pairOf({from, to, address}: Probe): string {
  return `${from} ${to} ${address}`
}

function same(probes: readonly Probe[], {from, to, address, protocol, size}: Probe): Probe | undefined {
  return probes.find((one) => one.protocol === protocol && one.size === size && pairOf(one) === `${from} ${to} ${address}`)
}

function whereOf({node, netns = '', tool = ''}: Deaf): string {
  return `${node} ${netns} ${tool}`
}
