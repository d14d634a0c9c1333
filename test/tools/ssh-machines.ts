// Machines with a real OpenSSH server each: namespaces of this machine, joined by a bridge in another one, and beside them
// one that podwire runs in. Nothing of it touches this machine's own network, and the kernel removes all of it with us.
import {spawnSync} from 'node:child_process'
import {chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {CommandStream, Fleet} from '../../harness/driver.ts'
import {localDriver} from '../../harness/drivers/local.ts'
import {eventually} from './eventually.ts'
import {namespacesOf, processesIn} from './namespaces.ts'

const FETCHED = fileURLToPath(new URL('../../node_modules/.cache/podwire-sshd', import.meta.url))

/** Where the server is: this machine's own, or the one that fixtures/setup.sh fetched and did not install. */
export function sshd(): string | undefined {
  return ['/usr/sbin/sshd', join(FETCHED, 'usr/sbin/sshd')].find((path) => existsSync(path))
}

/** Why such machines cannot be had here, or undefined. */
export function missingForMachines(): string | undefined {
  if (process.getuid?.() !== 0) return 'sshd cannot change users in a user namespace: root runs these tests'
  if (sshd() === undefined) return 'there is no sshd: fixtures/setup.sh ssh'
  return undefined
}

export interface SshMachine {
  readonly name: string
  readonly address: string
}

export interface SshMachines extends AsyncDisposable {
  /** Has key (a private key that all machines take), known_hosts, and what a test writes. */
  readonly folder: string
  readonly machines: readonly SshMachine[]
  /** An ssh_config with a Host for each machine: `ssh -F`. Connections go through the controller's namespace. */
  readonly config: string
  /** The machines, and `controller`, where podwire can run. */
  readonly fleet: Fleet
  /** Argv in front of another, to run it where podwire is. */
  readonly inController: readonly string[]
  write(name: string, content: string): string
}

export interface SshMachinesOptions {
  /** Names of machines, at .11 and up. */
  readonly names: readonly string[]
  /** The first three numbers of the machines' network; 10.99.0 where it is not said. */
  readonly network?: string
  /** Lines for every sshd_config. */
  readonly settings?: readonly string[]
}

export const CONTROLLER = 'controller'
let labs = 0

export async function startMachines({names, network = '10.99.0', settings = []}: SshMachinesOptions): Promise<SshMachines> {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-ssh-'))
  chmodSync(folder, 0o755)
  const machines = names.map((name, index) => ({name, address: `${network}.${index + 11}`}))
  const fleet = await localDriver().start({
    lab: `ssh-${process.pid}-${++labs}`,
    underlay: `${network}.0/24`,
    nodes: [...machines, {name: CONTROLLER, address: `${network}.1`}],
  })
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, {mode: 0o600})
    return join(folder, name)
  }
  makeKey(join(folder, 'key'))
  const authorized = write('authorized_keys', readFileSync(join(folder, 'key.pub'), 'utf8'))
  chmodSync(authorized, 0o644)
  const accounts = write('passwd', `${readFileSync('/etc/passwd', 'utf8')}${ACCOUNTS}`)
  chmodSync(accounts, 0o644)
  const known = machines.map(({name, address}) => {
    makeKey(join(folder, `${name}.host`))
    return `${address} ${readFileSync(join(folder, `${name}.host.pub`), 'utf8')}`
  })
  const servers = await Promise.all(
    machines.map(async ({name}) => {
      const file = write(`${name}.sshd_config`, serverConfig(folder, name, settings))
      const {exitCode, stderr} = await fleet.run(name, `mkdir -m 755 /run/sshd && mount --bind ${accounts} /etc/passwd`)
      if (exitCode !== 0) throw new Error(stderr.toString())
      return fleet.stream(name, [sshd() ?? 'sshd', '-D', '-e', '-f', file])
    }),
  )
  for (const {stdout, stderr} of servers) {
    stdout?.resume()
    stderr?.resume()
  }
  await Promise.all(machines.map(({address}) => answering(fleet, address)))
  const inController = ['nsenter', '--target', await processOf(fleet, CONTROLLER), '--net']
  write('known_hosts', known.join(''))
  const hosts = machines.map(({name, address}) => `Host ${name}\n  HostName ${address}\n`)
  const config = write(
    'ssh_config',
    `${hosts.join('')}Host *\n  User root\n  IdentityFile ${folder}/key\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile ${folder}/known_hosts\n  GlobalKnownHostsFile none\n  ProxyCommand ${inController.join(' ')} socat STDIO TCP:%h:%p,nodelay\n`,
  )
  return {
    folder,
    machines,
    config,
    fleet,
    inController,
    write,
    async [Symbol.asyncDispose]() {
      await fleet[Symbol.asyncDispose]()
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

/** Who can log in, besides root: sshd's own account, and a person. */
const ACCOUNTS = 'sshd:x:64990:65534::/run/sshd:/usr/sbin/nologin\nwalker:x:64991:64991::/tmp:/bin/sh\n'

function serverConfig(folder: string, name: string, settings: readonly string[]): string {
  return `${[
    ...settings,
    'Port 22',
    `HostKey ${folder}/${name}.host`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'PidFile none',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'UseDNS no',
    'MaxStartups 100',
    'LogLevel ERROR',
  ].join('\n')}\n`
}

/** @param passphrase none leaves it open */
export function makeKey(path: string, passphrase = ''): void {
  const {status, stderr} = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', 'podwire-test', '-f', path])
  if (status !== 0) throw new Error(stderr.toString())
}

async function answering(fleet: Fleet, address: string): Promise<void> {
  const line = `exec 3<>/dev/tcp/${address}/22 && read -r banner <&3 && [[ $banner == SSH-* ]]`
  const {exitCode} = await eventually(
    () => fleet.run(CONTROLLER, line, {shell: 'observer'}),
    (result) => result.exitCode === 0,
  )
  if (exitCode !== 0) throw new Error(`no sshd answers at ${address}`)
}

/** A process of this machine that is in the node's namespaces. */
async function processOf(fleet: Fleet, node: string): Promise<string> {
  const {stdout} = await fleet.run(node, 'readlink /proc/self/ns/net')
  const [pid] = processesIn([stdout.toString().trim()])
  if (pid === undefined) throw new Error(`no process in ${node}`)
  void namespacesOf
  return pid
}

/** Ends a stream, and waits for it. */
export async function ended(stream: CommandStream): Promise<number | null> {
  stream.kill()
  return stream.exit
}
