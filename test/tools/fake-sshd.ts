// An SSH server that fails on purpose: ssh2's own, on this machine's loopback. What it is told to run runs on one of the
// test's machines, so that all but the fault is real.
import {readFileSync} from 'node:fs'
import type {AddressInfo} from 'node:net'
import {createServer, type Server, type Socket} from 'node:net'
import ssh2, {type ServerChannel} from 'ssh2'
import type {SshMachines} from './ssh-machines.ts'

export interface Faults {
  /** Milliseconds that everything takes longer, both ways. */
  readonly slow?: number
  /** Sessions end without an exit code: of those whose command has this in it. */
  readonly silent?: RegExp
  /** Programs in front of the machine's own. */
  readonly path?: string
  readonly user?: 'root' | 'guest'
}

export interface FakeSshd extends AsyncDisposable {
  readonly port: number
  /** Cuts every connection, as a machine does that loses its power. */
  cut(): void
  /** How many sessions were asked for. */
  readonly sessions: () => number
}

/** @param hostKey a file with a private key */
export async function startFakeSshd(machines: SshMachines, machine: string, hostKey: string, faults: Faults = {}): Promise<FakeSshd> {
  let sessions = 0
  const server = new ssh2.Server({hostKeys: [readFileSync(hostKey)]}, (client) => {
    client.on('error', () => undefined)
    client.on('authentication', (context) => {
      if (context.method === 'publickey') context.accept()
      else context.reject(['publickey'])
    })
    client.on('session', (accept) => {
      const session = accept()
      session.on('exec', (take, _, {command}) => {
        sessions++
        void run(machines, machine, command, take(), faults)
      })
    })
  })
  const sockets = new Set<Socket>()
  const front = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    if (faults.slow === undefined) server.injectSocket(socket)
    else slowed(socket, server, faults.slow, sockets)
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  return {
    port: (front.address() as AddressInfo).port,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    sessions: () => sessions,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => front.close(resolve))
    },
  }
}

/** A second connection behind the first, to which all goes late. */
function slowed(socket: Socket, server: ssh2.Server, by: number, sockets: Set<Socket>): void {
  const inner: Server = createServer((behind) => {
    server.injectSocket(behind)
    inner.close()
  })
  inner.listen(0, '127.0.0.1', async () => {
    const {connect} = await import('node:net')
    const near = connect((inner.address() as AddressInfo).port, '127.0.0.1')
    sockets.add(near)
    near.on('error', () => undefined)
    for (const [from, to] of [
      [socket, near],
      [near, socket],
    ] as const) {
      from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), by))
      from.on('close', () => setTimeout(() => to.destroy(), by))
    }
  })
}

async function run(machines: SshMachines, machine: string, command: string, channel: ServerChannel, faults: Faults): Promise<void> {
  const as = faults.user === 'guest' ? ['setpriv', '--reuid', '64992', '--regid', '65534', '--clear-groups'] : []
  const path = `${faults.path === undefined ? '' : `${faults.path}:`}/usr/sbin:/usr/bin:/sbin:/bin`
  const {address} = machines.machines.find(({name}) => name === machine) ?? {address: ''}
  const way = `SSH_CONNECTION=10.99.0.1 50000 ${address} 22`
  const stream = await machines.fleet.stream(machine, [...as, 'env', way, `PATH=${path}`, 'sh', '-c', command])
  channel.on('error', () => undefined)
  if (stream.stdin) channel.pipe(stream.stdin)
  stream.stdout?.pipe(channel, {end: false})
  stream.stderr?.pipe(channel.stderr, {end: false})
  channel.on('close', () => stream.stdin?.end())
  const code = await stream.exit
  if (!faults.silent?.test(command)) channel.exit(code ?? 255)
  channel.end()
}
