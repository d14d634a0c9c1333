// What fixtures/setup.sh does for the ready networks: packages whose services are never started, and Go modules, built where Go is
// there, once, and put where nodes look; told, and no failure, where it is not. In a checkout with nothing but what the script reads,
// on a machine whose folders of programs are its own.
import {execFile} from 'node:child_process'
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {ExecutionContext} from 'ava'
import {packagesOf} from '../../harness/packages.ts'
import {asRoot} from './tools/runners.ts'
import {onEachThatHas} from './tools/solutions.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** All else is there, so that nothing is installed. */
const INSTALLED = {name: 'setup', devices: [], needs: packagesOf('solutions').map(({name, command}) => ({tool: command, package: name}))}

/** On a machine whose Go is this checkout's script, or none, and where these are not there. */
const MACHINE = `
  mount -t tmpfs tmpfs /mnt
  # Over each folder that has one of them, one with links to all else.
  for tool in $hidden go; do
    while path=$(which $tool); do
      real=$(mktemp -d -p /mnt) else=$(mktemp -d -p /mnt) folder=$(dirname $path)
      mount --bind $folder $real; cp -rs $real/. $else; rm $else/$tool; mount --bind $else $folder || exit 9
    done
  done
  [ ! -d /usr/local/go ] || mount -t tmpfs tmpfs /usr/local/go
  [ ! -e go ] || { mkdir -p /usr/local/go/bin; cp go /usr/local/go/bin/go; }
  PATH=$PWD/bin:$PATH
  fixtures/setup.sh solutions; code=$?
  if [ "$hidden" != flanneld ]; then ls /usr/sbin/policy-rc.d 2>/dev/null
  elif which flanneld >/dev/null; then flanneld; fixtures/setup.sh solutions; fi
  exit $code`

/** @param programs scripts that stand before the machine's own; `go` in its place */
function checkout(t: ExecutionContext, {go, ...programs}: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  mkdirSync(join(folder, 'node_modules/.bin'), {recursive: true})
  for (const file of ['fixtures/setup.sh', 'fixtures/packages.txt', 'fixtures/go', 'package-lock.json', '.npmrc'])
    cpSync(join(ROOT, file), join(folder, file), {recursive: true})
  symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'))
  const scripts = {
    ...(go !== undefined && {go}),
    ...Object.fromEntries(Object.entries(programs).map(([name, text]) => [`bin/${name}`, text])),
  }
  mkdirSync(join(folder, 'bin'))
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, {mode: 0o755})
  return folder
}

function setUp(cwd: string, hidden = 'flanneld'): Promise<{code: number; stdout: string; stderr: string}> {
  const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const script = `sha256sum package-lock.json .npmrc >node_modules/.podwire-installed; ${MACHINE}`
  return new Promise((resolve) => {
    execFile('unshare', ['--mount', '--net', 'sh', '-c', script], {cwd, env: {PATH, hidden}}, (error, stdout, stderr) =>
      resolve({code: Number(error?.code ?? 0), stdout, stderr}),
    )
  })
}

/** bird is installed by this, as apt-get would; the others say what they are asked. */
const APT = {
  'apt-get': `case " $* " in *' install '*) printf '#!/bin/sh\\n' >/usr/sbin/bird; chmod 755 /usr/sbin/bird; cat /usr/sbin/policy-rc.d >>asked; >installed ;; esac`,
  'dpkg-query': "echo 'ii  base'; [ ! -e installed ] || echo 'ii  bird2'",
  dpkg: `echo "dpkg $*" >>asked; printf '%s\\n' /lib/systemd/system/bird.service /usr/lib/systemd/system/bird.timer /lib/systemd/system/bird@.service /lib/systemd/bird`,
  systemctl: 'echo "systemctl $*" >>asked',
}

onEachThatHas([asRoot], INSTALLED, 'of what is installed no service starts, now or with the machine', async (t) => {
  const folder = checkout(t, APT)
  const {code, stdout, stderr} = await setUp(folder, 'bird policy-rc.d')
  t.is(code, 0, stderr)
  t.is(stderr, 'setup: not found: bird\nsetup: installing with apt-get, which can take a minute: bird2\n')
  t.deepEqual(readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n'), [
    '#!/bin/sh',
    'exit 101', // policy-rc.d, while apt-get ran
    'dpkg -L bird2',
    'systemctl disable bird.service',
    'systemctl disable bird.timer',
  ])
  t.false(stdout.includes('policy-rc.d'), 'it is gone afterwards')
})

onEachThatHas([asRoot], INSTALLED, 'a Go module is built by the versions and hashes of fixtures/go, once', async (t) => {
  const folder = checkout(t, {
    go: 'pwd >>built; echo "$GOFLAGS $*" >>built; while [ "$1" != -o ]; do shift; done; printf "#!/bin/sh\\necho I am built\\n" >$2',
  })
  const {code, stdout, stderr} = await setUp(folder)
  t.is(code, 0, stderr)
  t.is(stdout, 'I am built\n')
  t.is(stderr, 'setup: building /usr/local/bin/flanneld of github.com/flannel-io/flannel, which can take minutes\n')
  const [where, how, ...more] = readFileSync(join(folder, 'fixtures/go/flannel/built'), 'utf8').trim().split('\n')
  t.true(where?.endsWith('/fixtures/go/flannel'))
  t.regex(how ?? '', /^-mod=readonly .* tool$/)
  t.deepEqual(more, [])
})

onEachThatHas([asRoot], INSTALLED, 'without Go it is told what is not built, and nothing fails', async (t) => {
  const {code, stderr} = await setUp(checkout(t))
  t.is(code, 0, stderr)
  t.is(stderr, 'setup: no Go here to build /usr/local/bin/flanneld of github.com/flannel-io/flannel with: what needs it is skipped\n')
})

onEachThatHas([asRoot], INSTALLED, 'where Go cannot build it, its words are told, and nothing fails', async (t) => {
  const {code, stderr} = await setUp(checkout(t, {go: 'echo no such module >&2; exit 1'}))
  t.is(code, 0, stderr)
  t.regex(
    stderr,
    /\nno such module\nsetup: Go could not build github\.com\/flannel-io\/flannel: what needs \/usr\/local\/bin\/flanneld is skipped\n$/,
  )
})
