// The page as a bundle: it needs nothing of Node.js, and where it cannot be made that is told before anything starts.
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import test from 'ava'
import {bundlePage} from '../../harness/bundle.ts'
import {pageHtml} from '../../harness/report/html.ts'
import {makeHome} from '../kernel/tools/home.ts'
import {asRoot, asUser} from '../kernel/tools/runners.ts'

/** Bytes. */
const MOST = 250_000

test('the page is one script and one style sheet, of which the file allows itself no more', async (t) => {
  const bundle = await bundlePage('report')
  t.true(bundle.script.length + bundle.style.length < MOST, `${bundle.script.length} + ${bundle.style.length}`)
  t.notRegex(bundle.script, /<\/script/i)
  t.notRegex(bundle.style, /<\/style|@import|url\(/i)
  const html = pageHtml({title: 'a <title> & more', bundle})
  t.regex(html, /<title>a &lt;title> &amp; more<\/title>/)
  t.regex(
    html,
    /content="default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'"/,
  )
  t.notRegex(html, /https?:\/\/(?!www\.w3\.org\/)/)
})

test.serial('without a working esbuild nothing starts, and what to do is said', async (t) => {
  await using home = makeHome(asRoot.missing === undefined ? asRoot : asUser)
  const file = join(home.folder, 'run.html')
  const {code, stdout, stderr} = await home.podwire(['run', 'three-nodes', '--driver', 'local', '--report', `html=${file}`], {
    env: {ESBUILD_BINARY_PATH: '/bin/false'},
  })
  t.is(code, 3, stdout)
  t.regex(stderr, /error\[page-not-built\]: the page cannot be built: /)
  t.regex(stderr, /= help: make setup installs what builds it/)
  t.notRegex(stdout, /ip netns add/)
  t.false(existsSync(file))
})
