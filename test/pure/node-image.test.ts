// What the node image is made from: the distribution's own packages, and a registry that is not waited for in vain.
import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import test, {type ExecutionContext} from 'ava'
import Docker from 'dockerode'
import {pullBase} from '../../harness/drivers/docker/image.ts'

const SOURCES = fileURLToPath(new URL('../../fixtures/node-image/sources.pl', import.meta.url))

function scratch(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-test-'))
  t.teardown(() => rmSync(folder, {recursive: true}))
  return folder
}

/** What is left of a source file. */
function ownOf(t: ExecutionContext, name: string, text: string): string {
  const [from, to] = [scratch(t), scratch(t)]
  writeFileSync(join(from, name), text)
  const copies = execFileSync('perl', [SOURCES, 'bookworm', to, join(from, name), join(from, 'no-such.list')], {encoding: 'utf8'})
  if (copies === '') return ''
  t.is(copies, `${to}/${name}\n`)
  return readFileSync(join(to, name), 'utf8').trim()
}

const DEBIAN = 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\nComponents: main'
const SECURITY = 'Types: deb\nURIs: http://deb.debian.org/debian-security\nsuites: bookworm-security\ncomponents: main contrib'
const VENDOR = 'Types: deb\nURIs: https://deb.example.com/node\nSuites: nodistro\nComponents: main'

test('of source stanzas only those of the distribution are used', (t) => {
  t.is(ownOf(t, 'all.sources', `${VENDOR}\n\n${DEBIAN}\n\n\n# security\n${SECURITY}\n`), `${DEBIAN}\n\n\n# security\n${SECURITY}`)
  t.is(ownOf(t, 'vendor.sources', VENDOR), '')
})

test('of source lines only those of the distribution are used', (t) => {
  const own = [
    'deb http://deb.debian.org/debian bookworm main contrib',
    'deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example.com/debian/ bookworm-security main # mirror',
  ]
  const others = [
    '# deb http://deb.debian.org/debian bookworm main',
    'deb-src http://deb.debian.org/debian bookworm main',
    'deb [arch=amd64] https://download.docker.com/linux/debian bookworm stable',
    'deb http://apt.postgresql.org/pub/repos/apt bookworm-pgdg main',
    'deb http://packages.cloud.google.com/apt cloud-sdk main',
    'deb http://deb.debian.org/debian trixie main',
  ]
  t.is(ownOf(t, 'sources.list', [others[0], own[0], ...others.slice(1), own[1], ''].join('\n')), own.join('\n'))
  t.is(ownOf(t, 'others.list', others.join('\n')), '')
})

/** An engine that says `words` of a pull, one after the other, and then nothing more, or its end. */
async function engineThatSays(t: ExecutionContext, words: readonly string[], pause: number, ends: boolean): Promise<Docker> {
  const socketPath = join(scratch(t), 'engine.sock')
  const server = createServer((_, response) => {
    const left = [...words]
    const say = setInterval(() => {
      const word = left.shift()
      if (word !== undefined) response.write(`{"status":"${word}"}\n`)
      else {
        clearInterval(say)
        if (ends) response.end()
      }
    }, pause)
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return new Docker({socketPath})
}

test('a registry that never says a word is given up', async (t) => {
  await t.throwsAsync(pullBase(await engineThatSays(t, [], 10, false), 200), {message: 'no word from the registry for 0.2 s'})
})

test('a registry that stops in the middle is given up', async (t) => {
  await t.throwsAsync(pullBase(await engineThatSays(t, ['Pulling'], 10, false), 200), {message: 'no word from the registry for 0.2 s'})
})

test('a registry that is slow and not silent is waited for', async (t) => {
  await t.notThrowsAsync(pullBase(await engineThatSays(t, ['1', '2', '3', '4', '5', '6', '7', '8'], 100, true), 700))
})
