// From an engine's address to a client for it. ssh:// goes the way of Docker's own client: OpenSSH's `ssh`, with whatever
// keys, known hosts and jump hosts the user has set up for it, and on the far side `docker system dial-stdio`.
import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {Agent} from 'node:http'
import {Agent as SecureAgent} from 'node:https'
import {Duplex} from 'node:stream'
import Docker from 'dockerode'
import {MachineError} from '../../driver.ts'
import type {Endpoint} from './endpoint.ts'

/** @throws MachineError where a file of its TLS material cannot be read */
export function dial({name, url, tls}: Endpoint): Docker {
  // dockerode takes what is not said here from DOCKER_HOST, which means another engine: so all of it is said.
  const nothing = {host: undefined, port: undefined, socketPath: undefined, ca: undefined, cert: undefined, key: undefined, timeout: 0}
  if (url.startsWith('unix://')) return new Docker({...nothing, protocol: 'http', socketPath: url.slice('unix://'.length)} as object)
  const {protocol, hostname: host, port, pathname: pathPrefix} = new URL(url.replace(/^tcp:/, 'http:'))
  if (protocol === 'ssh:')
    return new Docker({...nothing, protocol: 'http', host: 'docker', pathPrefix: '/', agent: sshAgent(url)} as object)
  if (!tls) return new Docker({...nothing, protocol: 'http', host, port: port || 80, pathPrefix} as object)
  const material = Object.fromEntries(
    (['ca', 'cert', 'key'] as const).flatMap((file) => (tls[file] ? [[file, readMaterial(name, tls[file])]] : [])),
  )
  const agent = new SecureAgent({...material, rejectUnauthorized: tls.verify})
  return new Docker({...nothing, ...material, protocol: 'https', host, port: port || 443, pathPrefix, agent} as object)
}

function readMaterial(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new MachineError('tls-material', `${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A connection is an `ssh` of its own; it never asks (there may be many at once), and ends with podwire's end of its input. */
function sshAgent(url: string): Agent {
  const {username, hostname, port} = new URL(url)
  const argv = [
    ...['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '-o', 'ServerAliveInterval=5'],
    ...(username ? ['-l', decodeURIComponent(username)] : []),
    ...(port ? ['-p', port] : []),
    ...['--', hostname, 'docker', 'system', 'dial-stdio'],
  ]
  const agent = new Agent()
  agent.createConnection = () => connectionOf(spawn('ssh', argv, {stdio: ['pipe', 'pipe', 'pipe']}))
  return agent
}

/** A process's standard streams as a connection, which fails with the process's own last words. */
function connectionOf(child: ChildProcessWithoutNullStreams): Duplex {
  const {stdin, stdout, stderr} = child
  const connection = new Duplex({
    read: () => void stdout.resume(),
    // What can no longer be written is no news: the process has ended, and its end is told below.
    write: (chunk, _, written) => void stdin.write(chunk, () => written()),
    final(ended) {
      stdin.end()
      ended()
    },
    destroy(error, destroyed) {
      child.kill()
      destroyed(error)
    },
  })
  let words = ''
  stdin.on('error', () => undefined)
  stdout.on('data', (chunk: Buffer) => {
    if (!connection.push(chunk)) stdout.pause()
  })
  stderr.on('data', (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-1000)
  })
  child.once('error', (error) => connection.destroy(error)) // there is no ssh
  child.once('close', (code) => {
    // 255 is ssh's own (ssh(1), EXIT STATUS); any other is that of the command over there.
    if (code === 0 || code === null) connection.push(null)
    else connection.destroy(new Error(words.trim().split('\n').at(-1)?.trim() || `ssh ended with ${code}`))
  })
  return connection
}
