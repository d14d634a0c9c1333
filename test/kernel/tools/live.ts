// podwire ui as its own page uses it: the link opened, the session kept, websockets with what they say.
import {once} from 'node:events'
import type {ExecutionContext} from 'ava'
import WebSocket from 'ws'
import {matrixOf} from '../../../harness/checks/matrix.ts'
import type {MatrixRow, Probe} from '../../../harness/model.ts'
import type {ResultDocument} from '../../../harness/report/document.ts'
import {type Rows, unpack} from '../../../harness/report/rows.ts'
import type {View} from '../../../harness/report/view.ts'
import {type Ask, SUBPROTOCOL, type Told} from '../../../harness/ui/protocol.ts'
import {eventually} from '../../tools/eventually.ts'
import {engineTurn} from './engine-turn.ts'
import {type Begun, type Home, makeHome} from './home.ts'
import type {Runner} from './runners.ts'

export interface Live {
  readonly begun: Begun
  readonly link: string
  readonly origin: string
}

/** Where a lab of three nodes runs. The caller disposes. */
export async function homeOfLab(t: ExecutionContext, runner: Runner, scenario = 'three-nodes'): Promise<Home> {
  await using begun = new AsyncDisposableStack()
  begun.use(await engineTurn(runner))
  const home = begun.use(makeHome(runner))
  const {code, stderr} = await home.podwire(['up', scenario, '--name', 'live', '--driver', runner.driver, '--quiet'])
  t.is(code, 0, stderr)
  const all = begun.move()
  return {...home, [Symbol.asyncDispose]: () => all.disposeAsync()}
}

/** Shells on terminals of podwire ui. */
export async function shellsIn(home: Home): Promise<number> {
  const {stdout} = await home.podwire(['exec', 'node1', '--', 'sh', '-c', 'ps -eo args= | grep -cx "bash --norc --noprofile -i"'])
  return Number(stdout.trim())
}

/** Starts podwire ui, and waits for its link. */
export async function beginUi(t: ExecutionContext, home: Home, argv: readonly string[] = []): Promise<Live> {
  const begun = home.begin(['ui', '--json', ...argv])
  await begun.shown(/"url": "[^"]+"\n}/)
  const link = /"url": "([^"]+)"/.exec(begun.text())?.[1]
  if (link === undefined) t.fail(`no link: ${(await begun.ended).stderr}`)
  return {begun, link: link ?? '', origin: new URL(link ?? 'http://none').origin}
}

export interface Session {
  readonly cookie: string
  readonly key: string
}

/** Opens the link, as a browser does. */
export async function enter({link}: Pick<Live, 'link'>): Promise<Session> {
  const {headers} = await fetch(link)
  return {cookie: headers.get('set-cookie')?.split(';')[0] ?? '', key: headers.get('refresh')?.split('#')[1] ?? ''}
}

export interface Socket extends Disposable {
  readonly socket: WebSocket
  /** Everything that came, JSON of /live. */
  readonly told: readonly Told[]
  /** Everything that came, text of /shell. */
  readonly text: () => string
  ask(ask: Ask): void
  /** The last look. */
  look(): Look | undefined
  /** Waits until the last look is so. Fails the test where it never is. */
  until(t: ExecutionContext, isSo: (look: Look) => boolean, what: string): Promise<Look>
}

export interface Look {
  readonly number: number
  readonly document: ResultDocument
  /** Pairs that reach, as `pod1 -> pod3`. */
  readonly reaching: ReadonlySet<string>
}

export async function openSocket({origin}: Pick<Live, 'origin'>, {cookie, key}: Session, path: string): Promise<Socket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, [SUBPROTOCOL, key], {origin, headers: {cookie}})
  const told: Told[] = []
  let text = ''
  socket.on('message', (data: Buffer, binary) => {
    if (!binary) told.push(JSON.parse(data.toString()) as Told)
    else {
      text += data.toString()
      socket.send(JSON.stringify({shown: data.length}))
    }
  })
  await once(socket, 'open')
  const look = () => {
    const last = told.findLast((one) => one.kind === 'look')
    return last && lookOf(last)
  }
  return {
    socket,
    told,
    text: () => text,
    ask: (ask) => socket.send(JSON.stringify(ask)),
    look,
    async until(t, isSo, what) {
      const found = await eventually(look, (now) => now !== undefined && isSo(now))
      if (!found || !isSo(found)) t.fail(`${what}: ${found ? `${found.reaching.size} pairs reach` : 'never looked'}`)
      return found as Look
    },
    [Symbol.dispose]: () => socket.terminate(),
  }
}

function lookOf({view, number}: Extract<Told, {kind: 'look'}>): Look {
  const {document} = unpack(view) as View
  if (document.kind !== 'result') throw new Error('a look is no result')
  const probes = document.probes as Rows<Probe>
  const rows: MatrixRow[] = matrixOf(Array.from({length: probes.length}, (_, index) => probes.at(index) as Probe))
  return {number, document, reaching: new Set(rows.filter(({verdict}) => verdict === 'pass').map(({from, to}) => `${from} -> ${to}`))}
}

/** What a server answers to a websocket that it may refuse: 101 where it lets it in. */
export async function upgradeStatus(url: string, protocols: readonly string[], headers: Readonly<Record<string, string>>): Promise<number> {
  const {origin, ...others} = headers
  const socket = new WebSocket(url, [...protocols], {headers: others, ...(origin !== undefined && {origin})})
  const status = await new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101))
    socket.once('unexpected-response', (_, {statusCode = 0}) => resolve(statusCode))
    socket.once('error', () => resolve(0))
  })
  socket.on('error', () => undefined)
  socket.terminate()
  return status
}
