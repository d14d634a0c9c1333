// A node with a bridge and nothing else, for what is run on a node by others than podwire: namespaces of its own for
// network, mounts and processes, and a /run that is its own. It ends, with all that runs on it, when it is disposed of.
import {spawn} from 'node:child_process'
import {createInterface} from 'node:readline'
import {text} from 'node:stream/consumers'
import type {Runner} from './runners.ts'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Its process id is read before /proc is its own: until then the machine's counts. */
const BEGIN = `
set -eu
read -r pid _ </proc/self/stat
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/podwire
ip link set lo up
ip link add v-net-0 type bridge
ip link set dev v-net-0 up
ip addr add 10.244.1.1/24 dev v-net-0
echo "$pid"
while read -r _; do :; done
`

export interface NodeEnded {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface BareNode extends AsyncDisposable {
  /** Runs bash text on the node, in /run/podwire. */
  run(script: string, options?: RunOptions): Promise<NodeEnded>
  /** The same, and what it printed; a refusal ends the test. */
  type(script: string, options?: RunOptions): Promise<string>
  /** Puts an executable file into /run/podwire, or below it. */
  put(name: string, content: string): Promise<void>
}

export async function bareNode({user}: Runner): Promise<BareNode> {
  const isRoot = process.getuid?.() === 0
  const mapped = user !== undefined || !isRoot
  const namespaces = ['--pid', '--fork', '--kill-child', '--net', '--mount', '--propagation', 'private']
  const holder = spawn('unshare', [...(mapped ? ['--user', '--map-root-user'] : []), ...namespaces, 'bash', '--norc', '-c', BEGIN], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {PATH},
    ...user,
  })
  const over = new Promise<void>((resolve) => holder.once('close', () => resolve()))
  let pid = ''
  for await (const line of createInterface(holder.stdout)) {
    pid = line
    break
  }
  if (!/^\d+$/.test(pid)) throw new Error('the node did not start')
  const enter = [
    '--target',
    pid,
    ...(mapped ? ['--user'] : []),
    ...(isRoot ? [] : ['--preserve-credentials']),
    '--net',
    '--mount',
    '--pid',
    '--wdns=/run/podwire',
  ]

  async function run(script: string, {input = '', env = {}}: RunOptions = {}): Promise<NodeEnded> {
    const child = spawn('nsenter', [...enter, 'bash', '--norc', '-c', script], {env: {PATH, LC_ALL: 'C.UTF-8', ...env}})
    child.stdin.on('error', () => undefined) // not everything reads its input
    child.stdin.end(input)
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    return {code, stdout, stderr}
  }

  async function type(script: string, options?: RunOptions): Promise<string> {
    const {code, stdout, stderr} = await run(script, options)
    if (code !== 0) throw new Error(`${script}\nexit ${code}\n${stdout}${stderr}`)
    return stdout
  }

  return {
    run,
    type,
    put: async (name, content) =>
      void (await type(`mkdir -p "$(dirname '${name}')" && cat >'${name}' && chmod +x '${name}'`, {input: content})),
    async [Symbol.asyncDispose]() {
      holder.stdin.end()
      await over
    },
  }
}
