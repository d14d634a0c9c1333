// The websockets to podwire ui. Each is opened with the key that the link brought; the cookie comes along by itself.
import {type AboutTerminal, type Ask, SUBPROTOCOL, type Told} from '../../ui/protocol.ts'

const KEPT = 'podwire-key'

/** Kept for this origin alone, so that a second page and a page loaded again have it; out of sight and of the history at once. */
export function keyHere(): string | undefined {
  const brought = location.hash.slice(1)
  if (brought !== '') {
    localStorage.setItem(KEPT, brought)
    history.replaceState(null, '', '/')
  }
  return localStorage.getItem(KEPT) ?? undefined
}

export interface Asks {
  look(): void
  /** @throws Error that says why it could not be done */
  ask(kind: 'probe' | 'diagnose', from: string, to: string): Promise<void>
}

export interface Ears {
  readonly told: (told: Told) => void
  readonly closed: () => void
}

export function connect(key: string, {told, closed}: Ears): Asks {
  const socket = open('/live', key)
  const waiting = new Map<number, PromiseWithResolvers<void>>()
  let last = 0
  const send = (ask: Ask) => socket.send(JSON.stringify(ask))
  socket.onmessage = ({data}) => {
    const message = JSON.parse(String(data)) as Told
    if (message.kind === 'done') waiting.get(message.id)?.resolve()
    if (message.kind === 'refused') waiting.get(message.id)?.reject(new Error(message.why))
    told(message)
  }
  socket.onclose = () => {
    for (const {reject} of waiting.values()) reject(new Error('podwire ui has ended'))
    closed()
  }
  return {
    look: () => send({kind: 'look'}),
    ask(kind, from, to) {
      if (socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error('podwire ui has ended'))
      const id = ++last
      const answer = Promise.withResolvers<void>()
      waiting.set(id, answer)
      send({kind, id, from, to})
      return answer.promise.finally(() => waiting.delete(id))
    },
  }
}

export interface ShellSocket {
  type(bytes: Uint8Array): void
  tell(about: AboutTerminal): void
  close(): void
}

export function openShellSocket(
  key: string,
  place: string,
  {rows, columns}: {readonly rows: number; readonly columns: number},
  {show, closed}: {readonly show: (bytes: Uint8Array) => void; readonly closed: (code: number, reason: string) => void},
): ShellSocket {
  const query = new URLSearchParams({place, rows: String(rows), columns: String(columns)})
  const socket = open(`/shell?${query}`, key)
  socket.binaryType = 'arraybuffer'
  const early: (string | Uint8Array<ArrayBuffer>)[] = []
  const send = (data: string | Uint8Array<ArrayBuffer>) => {
    if (socket.readyState === WebSocket.CONNECTING) early.push(data)
    else if (socket.readyState === WebSocket.OPEN) socket.send(data)
  }
  socket.onopen = () => early.splice(0).forEach(send)
  socket.onmessage = ({data}) => show(new Uint8Array(data as ArrayBuffer))
  socket.onclose = ({code, reason}) => closed(code, reason)
  return {
    type: (bytes) => send(new Uint8Array(bytes)),
    tell: (about) => send(JSON.stringify(about)),
    close: () => socket.close(),
  }
}

function open(path: string, key: string): WebSocket {
  return new WebSocket(`ws://${location.host}${path}`, [SUBPROTOCOL, key])
}
