// The server of the page: plain node:http for three files that are made at the start, ws for the rest. There is no path to
// get out of, since none is looked up in a folder, and no body is ever read. No framework: it would be most of the code.
import {createServer, type IncomingMessage} from 'node:http'
import type {AddressInfo} from 'node:net'
import type {Duplex} from 'node:stream'
import {type WebSocket, WebSocketServer} from 'ws'
import {MachineError} from '../driver.ts'
import {type Admission, admission} from './admission.ts'
import {SUBPROTOCOL} from './protocol.ts'

/** A file of the page. */
export interface Served {
  readonly type: string
  readonly content: string
}

export interface ServerOptions {
  /** 0: any that is free. */
  readonly port: number
  /** By path; `/` is the page. */
  readonly files: ReadonlyMap<string, Served>
  /** By path: what happens on a websocket that was let in. */
  readonly sockets: ReadonlyMap<string, OpenSocket>
}

export type OpenSocket = (socket: WebSocket, query: URLSearchParams) => void

export interface Server extends AsyncDisposable {
  /** With the token: good for one exchange. */
  readonly link: string
}

/** Bytes of a message from the page: what is pasted into a shell comes in one. */
const LONGEST_MESSAGE = 1 << 20
/** Two pages, their shells, and more; not a flood. */
const MOST_CONNECTIONS = 64

/** @throws MachineError when the port is not to be had */
export async function startServer({port, files, sockets}: ServerOptions): Promise<Server> {
  const server = createServer({requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 8192})
  server.maxConnections = MOST_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refusal(port, error)))
    server.listen(port, '127.0.0.1', resolve)
  })
  server.on('error', () => undefined) // a connection that could not be taken is no reason to end
  const admitted = admission((server.address() as AddressInfo).port)
  const headers = headersFor(admitted.origin)
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: LONGEST_MESSAGE,
    // Looks are JSON of the same few words, but the way is short.
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  })

  server.on('request', (request, response) => {
    const {status, type, content, headers: own} = answerTo(request, admitted, files)
    response.writeHead(status, {...headers, 'Content-Type': `${type}; charset=utf-8`, ...own})
    response.end(content)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined) // it went away while it was being answered
    const url = urlOf(request)
    const refused = admitted.refusesSocket(request)
    const open = sockets.get(url?.pathname ?? '')
    if (refused !== undefined) refuse(socket, '403 Forbidden')
    else if (!open || !url) refuse(socket, '404 Not Found')
    else
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', () => webSocket.terminate()) // too much at once, or no websocket at all
        open(webSocket, url.searchParams)
      })
  })

  return {
    link: `${admitted.origin}${admitted.link}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const client of webSockets.clients) client.terminate()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Shown between the link and the page. The icon is none: a browser would ask for one. */
const MOMENT = '<!doctype html><html lang="en"><title>podwire</title><link rel="icon" href="data:,"><p>One moment.</p></html>\n'

/** What a request comes to. */
interface Answer {
  readonly status: number
  readonly type: string
  readonly content: string
  readonly headers?: Readonly<Record<string, string>>
}

function answerTo(request: IncomingMessage, admitted: Admission, files: ServerOptions['files']): Answer {
  const url = urlOf(request)
  const token = url?.pathname === '/' ? url.searchParams.get('token') : null
  if (token !== null) {
    const session = admitted.exchange(request, token)
    if (typeof session === 'string') return plain(403, session)
    // No redirection: a cookie that is for this site alone would not come along from a link on another.
    return {status: 200, type: 'text/html', content: MOMENT, headers: {'Set-Cookie': session.cookie, Refresh: `0; url=/#${session.key}`}}
  }
  const refused = admitted.refusesPage(request)
  if (refused !== undefined) return plain(403, refused)
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'GET alone')
  const file = files.get(url?.pathname ?? '')
  return file ? {status: 200, ...file} : plain(404, 'no such page')
}

function plain(status: number, words: string): Answer {
  // What a refused request still has to say is not waited for.
  return {status, type: 'text/plain', content: `${words}\n`, headers: {Connection: 'close'}}
}

/** Undefined where it is none: a target may be anything. */
function urlOf({url = ''}: IncomingMessage): URL | undefined {
  return url.startsWith('/') ? (URL.parse(url, 'http://podwire') ?? undefined) : undefined
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

/** Nothing from elsewhere, nothing kept, shown in no other page. xterm.js makes style elements of its own. */
function headersFor(origin: string): Readonly<Record<string, string>> {
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self' 'unsafe-inline'",
    'img-src': "'self' data:",
    'font-src': "'self' data:",
    'connect-src': `'self' ${origin.replace('http', 'ws')}`,
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  }
  return {
    'Content-Security-Policy': Object.entries(policy)
      .map((entry) => entry.join(' '))
      .join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  }
}

function refusal(port: number, error: NodeJS.ErrnoException): MachineError {
  if (error.code === 'EADDRINUSE')
    return new MachineError('port-in-use', `port ${port} is taken on 127.0.0.1`, ['another --port, or none: then one that is free'])
  return new MachineError('port', `port ${port} on 127.0.0.1 is not to be had: ${error.message}`, ['another --port, or none'])
}
