// A machine of its own for one podwire: process ids, network, mounts and /run that nobody else has. All that podwire leaves
// is all that is left there, whatever else goes on on the real machine, whose network it cannot touch either.
import {type ChildProcess, spawn} from 'node:child_process'
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {fileURLToPath} from 'node:url'
import type {Runner} from './runners.ts'

const PODWIRE = fileURLToPath(new URL('../../../harness/cli/podwire', import.meta.url))

/**
 * Words for the scripts:
 *   podwire ...   runs it here, as the runner's user; $! is podwire itself when it is sent to the background
 *   until_so ...  asks a command again and again until it succeeds
 *   probing       is so while podwire probes
 *   alone, gone   is so, or waits until so: no process is left but this script
 *   state         the network and mounts of this machine, to be compared
 */
const WORDS = `
set -u
mount -t tmpfs tmpfs /run
mkdir -p -m 777 /run/home
mounted=$(cat /proc/mounts) # those of others go when they go; what counts is what comes
ip link set lo up
podwire() { exec $AS_USER env HOME=/run/home XDG_RUNTIME_DIR=/run/home NO_COLOR=1 "$PODWIRE" "$@"; }
until_so() { for _ in {1..600}; do "$@" && return 0; sleep 0.05; done; echo "never so: $*"; exit 90; }
probing() { grep -qs perl /proc/[0-9]*/comm; }
alone() { for process in /proc/[0-9]*; do
  process=\${process#/proc/}
  [[ " $$ $BASHPID " == *" $process "* ]] || [ ! -e "/proc/$process/exe" ] || return 1
done; }
gone() { for _ in {1..600}; do alone && return 0; sleep 0.05; done; echo 'left over:'; ps -eo pid,ppid,user,comm; exit 91; }
state() { ip -j link; ip -j addr; ip -j route show table all; ip -j rule; nft list ruleset; sysctl -a --pattern '^net.ipv4.(ip_forward|conf)' 2>/dev/null; grep -Fvxf <(echo "$mounted") /proc/mounts; ls /run/netns 2>/dev/null; }
`

export interface MachineEnded {
  readonly code: number | null
  readonly output: string
}

export interface OwnMachine extends Disposable {
  /** /files on the machine is this folder. */
  write(name: string, content: string): string
  /** Runs bash text with WORDS as the machine's first process; the machine ends with it. */
  run(script: string): Promise<MachineEnded>
}

export function ownMachine({user}: Runner): OwnMachine {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-machine-'))
  chmodSync(folder, 0o755)
  const running = new Set<ChildProcess>()
  const isRoot = process.getuid?.() === 0
  const namespaces = ['--pid', '--fork', '--kill-child', '--mount-proc', '--net', '--mount', '--uts', '--propagation', 'private']
  return {
    write(name, content) {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    },
    async run(script) {
      const child = spawn(
        'unshare',
        [...(isRoot ? [] : ['--user', '--map-root-user']), ...namespaces, 'bash', '-c', `${WORDS}\n${script}`],
        {
          cwd: folder,
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
            LANG: 'C.UTF-8',
            PODWIRE,
            AS_USER: user ? `setpriv --reuid ${user.uid} --regid ${user.gid} --clear-groups` : '',
          },
        },
      )
      running.add(child)
      const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
      const [output, complaints, code] = await Promise.all([text(child.stdout), text(child.stderr), closed])
      running.delete(child)
      return {code, output: output + complaints}
    },
    [Symbol.dispose]() {
      for (const child of running) child.kill('SIGKILL')
      rmSync(folder, {recursive: true, force: true})
    },
  }
}
