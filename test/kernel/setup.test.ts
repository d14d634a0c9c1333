// What fixtures/setup.sh does of Go modules: built where Go is there, once, and put where nodes look; told, and no failure, where it
// is not. In a checkout of its own with nothing but what the script reads, and a /usr/local/bin of its own.
import {execFile} from 'node:child_process'
import {chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
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

/** On a machine whose flanneld is gone, and whose Go is this script, or none. */
const MACHINE = `
  mount -t tmpfs tmpfs /mnt
  # Over each folder that has one of them, one with links to all else.
  for tool in flanneld go; do
    while path=$(which $tool); do
      real=$(mktemp -d -p /mnt) else=$(mktemp -d -p /mnt) folder=$(dirname $path)
      mount --bind $folder $real; cp -rs $real/. $else; rm $else/$tool; mount --bind $else $folder || exit 9
    done
  done
  [ ! -d /usr/local/go ] || mount -t tmpfs tmpfs /usr/local/go
  [ ! -e go ] || { mkdir -p /usr/local/go/bin; cp go /usr/local/go/bin/go; }
  fixtures/setup.sh solutions; code=$?
  if which flanneld >/dev/null; then flanneld; fixtures/setup.sh solutions; fi
  exit $code`

function checkout(t: ExecutionContext, go?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  mkdirSync(join(folder, 'node_modules/.bin'), {recursive: true})
  for (const file of ['fixtures/setup.sh', 'fixtures/packages.txt', 'fixtures/go', 'package-lock.json', '.npmrc'])
    cpSync(join(ROOT, file), join(folder, file), {recursive: true})
  symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'))
  if (go !== undefined) {
    writeFileSync(join(folder, 'go'), `#!/bin/sh\n${go}\n`)
    chmodSync(join(folder, 'go'), 0o755)
  }
  return folder
}

function setUp(cwd: string): Promise<{code: number; stdout: string; stderr: string}> {
  const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const script = `sha256sum package-lock.json .npmrc >node_modules/.podwire-installed; ${MACHINE}`
  return new Promise((resolve) => {
    execFile('unshare', ['--mount', 'sh', '-c', script], {cwd, env: {PATH}}, (error, stdout, stderr) =>
      resolve({code: Number(error?.code ?? 0), stdout, stderr}),
    )
  })
}

onEachThatHas([asRoot], INSTALLED, 'a Go module is built by the versions and hashes of fixtures/go, once', async (t) => {
  const folder = checkout(
    t,
    'pwd >>built; echo "$GOFLAGS $*" >>built; while [ "$1" != -o ]; do shift; done; printf "#!/bin/sh\\necho I am built\\n" >$2',
  )
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
  const {code, stderr} = await setUp(checkout(t, 'echo no such module >&2; exit 1'))
  t.is(code, 0, stderr)
  t.regex(
    stderr,
    /\nno such module\nsetup: Go could not build github\.com\/flannel-io\/flannel: what needs \/usr\/local\/bin\/flanneld is skipped\n$/,
  )
})
