// Machines with a real OpenSSH server each: namespaces of this machine, joined by a bridge in another one, and beside them
// one that podwire runs in. Nothing of it touches this machine's own network, and the kernel removes all of it with us.
import {spawnSync} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'
import type {CommandStream, Fleet} from '../../harness/driver.ts'
import {localDriver} from '../../harness/drivers/local.ts'
import {machinesFrom} from '../../harness/drivers/ssh/inventory.ts'
import type {SshDriverOptions} from '../../harness/drivers/ssh.ts'
import {eventually} from './eventually.ts'
import {processesIn} from './namespaces.ts'

const FETCHED = fileURLToPath(new URL('../../node_modules/.cache/podwire-sshd', import.meta.url))

/** Where the server is: this machine's own, or the one that fixtures/setup.sh fetched and did not install. */
function sshd(): string | undefined {
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
  /** What podwire's driver takes for its options, with the configuration that is there. */
  driverOptions(nodes?: Readonly<Record<string, string>>): SshDriverOptions
  /** The machines, and `controller`, where podwire can run. */
  readonly fleet: Fleet
  /** Argv in front of another, to run it where podwire is. */
  readonly inController: readonly string[]
  write(name: string, content: string): string
  /** podwire as a person calls it in the controller, who has no other configuration than this one. */
  podwire(argv: readonly string[], options?: CallOptions): Promise<Called>
  /** The same, and the process itself. */
  begin(argv: readonly string[], options?: CallOptions): Promise<{stream: CommandStream; ended: Promise<Called>}>
  /** Lines on a machine, as root, beside podwire; one that fails ends the test. */
  type(machine: string, ...lines: readonly string[]): Promise<string>
}

interface CallOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A command in front: script(1) gives a terminal. */
  readonly through?: readonly string[]
  /** null: the test writes it, and ends it. */
  readonly input?: string | null
}

export interface Called {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const PODWIRE = fileURLToPath(new URL('../../harness/cli/podwire', import.meta.url))

export interface SshMachinesOptions {
  /** Names of machines, at .11 and up. */
  readonly names: readonly string[]
  /** The first three numbers of the machines' network; 10.99.0 where it is not said. */
  readonly network?: string
  /** Lines for every sshd_config. */
  readonly settings?: readonly string[]
}

const CONTROLLER = 'controller'
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
  makeAccounts(folder)
  const known = machines.map(({name, address}) => {
    makeKey(join(folder, `${name}.host`))
    return `${address} ${readFileSync(join(folder, `${name}.host.pub`), 'utf8')}`
  })
  const servers = await Promise.all(
    machines.map(async ({name}) => {
      const file = write(`${name}.sshd_config`, serverConfig(folder, name, settings))
      const {exitCode, stderr} = await fleet.run(name, [...overlays(folder), 'mkdir -m 755 /run/sshd'].join(' && '))
      if (exitCode !== 0) throw new Error(stderr.toString())
      return fleet.stream(name, [sshd() ?? 'sshd', '-D', '-e', '-f', file])
    }),
  )
  for (const {stdout, stderr} of servers) {
    stdout?.resume()
    stderr?.resume()
  }
  await introduce(fleet, machines)
  await Promise.all(machines.map(({address}) => answering(fleet, address)))
  const inController = ['nsenter', '--target', await processOf(fleet, CONTROLLER), '--net']
  write('known_hosts', known.join(''))
  const hosts = machines.map(({name, address}) => `Host ${name}\n  HostName ${address}\n`)
  const common = `${hosts.join('')}Host *\n  User root\n  UserKnownHostsFile ${folder}/known_hosts\n  GlobalKnownHostsFile none\n`
  const keyed = `${common}  IdentityFile ${folder}/key\n  IdentitiesOnly yes\n  IdentityAgent none\n`
  const config = write('ssh_config', `${keyed}  ProxyCommand ${inController.join(' ')} socat STDIO TCP:%h:%p,nodelay\n`)
  mkdirSync(join(folder, '.ssh'), {mode: 0o700})
  write('.ssh/config', keyed)
  write('without-key', common)

  async function begin(argv: readonly string[], {env = {}, through = [], input = ''}: CallOptions = {}) {
    const words = Object.entries({HOME: folder, NO_COLOR: '1', ...env}).map(([name, value]) => `${name}=${value}`)
    const stream = await fleet.stream(CONTROLLER, ['env', '-C', folder, ...words, ...through, PODWIRE, ...argv])
    if (input !== null) stream.stdin?.end(input)
    const {stdout, stderr, exit} = stream
    if (!stdout || !stderr) throw new Error('a stream without pipes')
    return {stream, ended: Promise.all([text(stdout), text(stderr), exit]).then(([out, err, code]) => ({code, stdout: out, stderr: err}))}
  }
  return {
    folder,
    machines,
    config,
    fleet,
    inController,
    write,
    begin,
    podwire: async (argv, options) => (await begin(argv, options)).ended,
    async type(machine, ...lines) {
      let output = ''
      for (const line of lines) {
        const {exitCode, stdout, stderr} = await fleet.run(machine, line, {shell: 'observer'})
        if (exitCode !== 0) throw new Error(`${machine}# ${line}\n${stderr}`)
        output += stdout.toString()
      }
      return output
    },
    driverOptions(nodes = {}) {
      const given = Object.entries(nodes).map(([name, where]) => `${name}=${where}`)
      return {targets: machinesFrom({config, nodes: given})}
    },
    async [Symbol.asyncDispose]() {
      await fleet[Symbol.asyncDispose]()
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

/** Who can log in, besides root: sshd's own account, one who may use sudo, and one who may not. */
const ACCOUNTS = [
  'sshd:x:64990:65534::/run/sshd:/usr/sbin/nologin',
  'walker:x:64991:65534::/tmp:/bin/sh',
  'guest:x:64992:65534::/tmp:/bin/sh',
]

/** The machines' own accounts, beside this machine's. */
function makeAccounts(folder: string): void {
  mkdirSync(join(folder, 'etc'))
  const files = {
    // Root's own shell may do anything when it starts, on this machine: a plain one, at home elsewhere, does nothing.
    passwd: `${readFileSync('/etc/passwd', 'utf8').replace(/^root:.*$/m, 'root:x:0:0:root:/tmp:/bin/sh')}${ACCOUNTS.join('\n')}\n`,
    shadow: `root:*:19000::::::\n${ACCOUNTS.map((account) => `${account.split(':')[0]}:*:19000::::::`).join('\n')}\n`,
    sudoers: 'walker ALL=(ALL) NOPASSWD: ALL\n',
  }
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, 'etc', name), content)
    chmodSync(join(folder, 'etc', name), {passwd: 0o644, shadow: 0o600, sudoers: 0o440}[name] ?? 0o600)
  }
}

/** Lines with which a machine has these accounts, and the programs that were fetched, before its own. */
function overlays(folder: string): string[] {
  const fetched = existsSync(FETCHED)
  return [
    ...(fetched ? [`mount -t overlay overlay -o lowerdir=${FETCHED}/usr:/usr /usr`] : []),
    `mount -t overlay overlay -o lowerdir=${[join(folder, 'etc'), ...(fetched ? [join(FETCHED, 'etc')] : []), '/etc'].join(':')} /etc`,
  ]
}

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

/**
 * The machines know each other's hardware addresses for good. Machines of their own would each have a neighbour table; these
 * share one, and entries that are permanent do not count there.
 */
async function introduce(fleet: Fleet, machines: readonly SshMachine[]): Promise<void> {
  const macs = await Promise.all(machines.map(({name}) => fleet.run(name, 'cat /sys/class/net/eth0/address')))
  const lines = machines.map(
    ({address}, index) => `neigh replace ${address} lladdr ${macs[index]?.stdout.toString().split('\n')[0]} dev eth0 nud permanent\n`,
  )
  const results = await Promise.all(
    machines.map(({name}, own) => fleet.run(name, `ip -batch - <<'END'\n${lines.filter((_, index) => index !== own).join('')}END`)),
  )
  const failed = results.find(({exitCode}) => exitCode !== 0)
  if (failed) throw new Error(`${failed.node}: ${failed.stderr}`)
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
  return pid
}
