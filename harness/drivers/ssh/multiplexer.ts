// Many commands over one SSH session: podwire's end of multiplexer.pl, which says what the frames are.
import {constants} from 'node:os'
import {type Duplex, Readable, Writable} from 'node:stream'
import type {CommandStream} from '../../driver.ts'

const HEAD = 9

/** A command on the machine, with all three streams. */
export type MultiplexedStream = CommandStream & {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
}

export interface Multiplexer {
  /** Starts argv (no shell in between). What the connection's end takes away has null for its exit code. */
  start(argv: readonly string[]): MultiplexedStream
  /** What commands left running stays when the session ends; without it, on a machine itself, it is killed. */
  leave(): void
  /** Ends the session: commands that run are killed. */
  end(): void
  /** Resolves when the session has ended, whoever ended it. */
  readonly closed: Promise<void>
}

interface Open {
  output(number: number, content: Buffer): void
  outputEnd(number: number): void
  exited(code: number): void
  credit(bytes: number): void
  lost(): void
}

/** @param channel the session in which multiplexer.pl runs */
export function multiplex(channel: Duplex): Multiplexer {
  const open = new Map<number, Open>()
  let last = 0
  let over = false
  let waiting: Buffer = Buffer.alloc(0)

  function send(type: string, id: number, content: Buffer | string = ''): void {
    if (over) return
    const body = typeof content === 'string' ? Buffer.from(content) : content
    const head = Buffer.alloc(HEAD)
    head.write(type, 0, 'latin1')
    head.writeUInt32BE(id, 1)
    head.writeUInt32BE(body.length, 5)
    channel.write(Buffer.concat([head, body]))
  }

  channel.on('data', (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    let at = 0
    while (waiting.length - at >= HEAD) {
      const length = waiting.readUInt32BE(at + 5)
      if (waiting.length - at - HEAD < length) break
      const content = waiting.subarray(at + HEAD, at + HEAD + length)
      deliver(String.fromCharCode(waiting[at] ?? 0), waiting.readUInt32BE(at + 1), content)
      at += HEAD + length
    }
    waiting = waiting.subarray(at)
  })

  function deliver(type: string, id: number, content: Buffer): void {
    const stream = open.get(id)
    if (!stream) return
    if (type === '1' || type === '2') stream.output(Number(type), content)
    else if (type === 'C') stream.outputEnd(content[0] ?? 0)
    else if (type === 'W') stream.credit(content.readUInt32BE(1))
    else if (type === 'X') stream.exited(Number(content.toString('latin1')))
  }

  const closed = new Promise<void>((resolve) => {
    channel.on('error', () => undefined) // close tells it
    channel.once('close', () => {
      over = true
      for (const stream of open.values()) stream.lost()
      open.clear()
      resolve()
    })
  })

  return {
    start(argv) {
      const id = ++last
      const stream = new MultiplexedCommand(id, send, () => open.delete(id))
      if (over) stream.lost()
      else open.set(id, stream)
      send('S', id, argv.join('\0'))
      return stream
    },
    leave: () => send('L', 0),
    end: () => void channel.end(),
    closed,
  }
}

class MultiplexedCommand implements MultiplexedStream, Open {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exit: Promise<number | null>
  readonly #id: number
  readonly #send: (type: string, id: number, content?: Buffer) => void
  readonly #forget: () => void
  readonly #outputs: ReadonlyMap<number, Output>
  #credit = 0
  #blocked: {chunk: Buffer; done: () => void} | undefined
  #code: number | null = null
  #exited = false
  #settle: (code: number | null) => void = () => undefined

  constructor(id: number, send: (type: string, id: number, content?: Buffer) => void, forget: () => void) {
    this.#id = id
    this.#send = send
    this.#forget = forget
    this.exit = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#outputs = new Map([1, 2].map((number) => [number, outputOf((bytes) => send('W', id, creditFor(number, bytes)))]))
    this.stdout = this.#outputs.get(1)?.readable as Readable
    this.stderr = this.#outputs.get(2)?.readable as Readable
    this.stdin = new Writable({
      write: (chunk: Buffer, _, done) => {
        this.#blocked = {chunk, done}
        this.#pump()
      },
      final: (done) => {
        send('E', id)
        done()
      },
    })
    this.stdin.on('error', () => undefined) // what has ended reads nothing
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (!this.#exited) this.#send('K', this.#id, Buffer.from([constants.signals[signal]]))
  }

  #pump(): void {
    while (this.#blocked && (this.#credit > 0 || this.#exited)) {
      const {chunk, done} = this.#blocked
      const piece = this.#exited ? chunk : chunk.subarray(0, this.#credit)
      this.#credit -= piece.length
      this.#send('D', this.#id, piece)
      if (piece.length < chunk.length) this.#blocked = {chunk: chunk.subarray(piece.length), done}
      else {
        this.#blocked = undefined
        done()
      }
    }
  }

  credit(bytes: number): void {
    this.#credit += bytes
    this.#pump()
  }

  output(number: number, content: Buffer): void {
    this.#outputs.get(number)?.push(content)
  }

  outputEnd(number: number): void {
    this.#outputs.get(number)?.end()
    this.#finish()
  }

  exited(code: number): void {
    this.#code = code
    this.#exited = true
    this.#pump()
    this.#finish()
  }

  /** The session has ended under it: what came is all that comes. */
  lost(): void {
    this.#exited = true
    for (const output of this.#outputs.values()) output.end()
    this.#pump()
    this.#finish()
  }

  /** As `close` of a child process: with its own end and that of its output. */
  #finish(): void {
    if (!this.#exited || [...this.#outputs.values()].some(({ended}) => !ended())) return
    this.#forget()
    this.#settle(this.#code)
  }
}

interface Output {
  readonly readable: Readable
  push(content: Buffer): void
  end(): void
  ended(): boolean
}

/** @param grant called with what the reader has taken since it was called last */
function outputOf(grant: (bytes: number) => void): Output {
  let taken = 0
  let ended = false
  const settle = () => {
    if (taken > 0) grant(taken)
    taken = 0
  }
  const readable = new Readable({read: settle})
  return {
    readable,
    push(content) {
      if (ended || readable.destroyed) return grant(content.length)
      taken += content.length
      if (readable.push(content)) settle()
    },
    end() {
      if (ended) return
      ended = true
      readable.push(null)
    },
    ended: () => ended,
  }
}

function creditFor(number: number, bytes: number): Buffer {
  const content = Buffer.alloc(5)
  content.writeUInt8(number)
  content.writeUInt32BE(bytes, 1)
  return content
}
