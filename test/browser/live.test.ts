// podwire ui in a browser: somebody types, and the page shows what became of it.

import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import type {ExecutionContext} from 'ava'
import type {Page} from 'playwright-core'
import type {Home} from '../kernel/tools/home.ts'
import {beginUi, homeOfLab, shellsIn} from '../kernel/tools/live.ts'
import {ALL, LOCAL, onEach} from '../kernel/tools/runners.ts'
import {barriersIn} from '../tools/accessibility.ts'
import {startBrowser} from '../tools/browser.ts'
import {eventually} from '../tools/eventually.ts'
import {cell, pair, part, wordsOf} from './tools/page.ts'

/** A pair's cell, once it says this. */
const cellThat = (page: Page, from: string, to: string, says: string) =>
  page.getByRole('button', {name: new RegExp(`^${from} to ${to}: .*${says}`)})

/** Types into the terminal that has the focus. */
async function type(page: Page, place: string, line: string): Promise<void> {
  const shell = page.getByRole('region', {name: `a shell at ${place}`})
  // A terminal that is out of sight draws nothing.
  await shell.scrollIntoViewIfNeeded()
  await shell.locator('.xterm-rows', {hasText: `${place}#`}).waitFor()
  await page.keyboard.type(line)
  await page.keyboard.press('Enter')
}

async function exec(t: ExecutionContext, home: Home, place: string, ...argv: string[]): Promise<void> {
  const {code, stderr} = await home.podwire(['exec', place, '--', ...argv])
  t.is(code, 0, stderr)
}

onEach(ALL, 'what is typed is seen in the page, by whom it is typed', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  await using browser = await startBrowser({served: true})
  const {page, complaints} = await browser.visit(live.link)
  await cellThat(page, 'pod1', 'pod3', 'reaches').waitFor()
  t.is(page.url(), `${live.origin}/`) // neither the token nor the key is left to be seen
  t.regex(await page.title(), /lab live/)
  await page.getByText('42 of 42 pairs reach', {exact: true}).waitFor()
  t.regex(await wordsOf(part(page, 'Machine and versions')), /node1, node2, node3 Linux \d\S+, iproute2 \d\S+, nftables \d/)

  await exec(t, home, 'node2', 'ip', 'route', 'del', '10.244.1.0/24')
  await cellThat(page, 'pod1', 'pod3', 'does not reach').waitFor()
  await page.getByText('34 of 42 pairs reach', {exact: true}).waitFor()
  await page
    .getByRole('list', {name: /What changed/})
    .getByText('Deleted 10.244.1.0/24 via 192.168.1.11 dev eth0')
    .waitFor()

  await cell(page, 'pod1', 'pod3').click()
  await page.getByRole('button', {name: 'diagnose', exact: true}).click()
  await page.getByText('ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0').first().waitFor()
  await page.getByText('no-route').filter({visible: true}).first().waitFor()
  await page
    .getByRole('button', {name: /^copy: .*ip route add 10\.244\.1\.0\/24/})
    .first()
    .waitFor()
  t.deepEqual(await barriersIn(page), [])

  // Also of a pair that works it is told what was found.
  await cell(page, 'pod1', 'pod2').click()
  for (const [button, found] of [
    ['probe now', /^6 of 6 probes answered \(/],
    ['diagnose', /^both ways work, and nothing is translated \(/],
  ] as const) {
    await page.getByRole('button', {name: button, exact: true}).click()
    await pair(page).getByRole('status').filter({hasText: found}).waitFor()
  }
  await cell(page, 'pod1', 'pod3').click()

  await page.getByRole('button', {name: 'shell at pod3'}).click()
  await type(page, 'pod3', 'ip -4 -o addr show dev veth-pod3')
  await page.locator('.xterm-rows', {hasText: '10.244.2.2/24'}).waitFor()
  // What comes by no key, as from a list of emoji, and never twice what comes by keys.
  await page.keyboard.type('echo a')
  await page.keyboard.insertText('🙂b')
  await page.keyboard.type('c')
  await page.keyboard.press('Enter')
  await page.locator('.xterm-rows', {hasText: /echo a🙂bc(?!c)/}).waitFor()
  await part(page, 'Shells').getByRole('combobox').selectOption('node2')
  await page.getByRole('button', {name: 'open a shell'}).click()
  await type(page, 'node2', 'ip route add 10.244.1.0/24 via 192.168.1.11')
  await cellThat(page, 'pod1', 'pod3', 'reaches').waitFor()
  await page.getByText('42 of 42 pairs reach', {exact: true}).waitFor()

  t.is(await page.getByText('tried on a copy').count(), 0) // what was mended is no more

  // In the page alone from here on, and how long it takes is told: from Enter to the cell.
  await page.keyboard.type('ip route del 10.244.3.0/24')
  const pressed = performance.now()
  await page.keyboard.press('Enter')
  await cellThat(page, 'pod3', 'pod4', 'does not reach').waitFor()
  t.log(`${(performance.now() - pressed).toFixed(0)} ms from Enter to the matrix`)

  // Out of a terminal by the keyboard, and the page is no worse for terminals in it.
  await page.keyboard.press('F6')
  t.is(await page.locator(':focus').textContent(), 'close')
  t.deepEqual(await barriersIn(page), [])
  await page.emulateMedia({colorScheme: 'dark'})
  t.deepEqual(await barriersIn(page), [])
  await page.keyboard.press('Enter')
  await page.getByRole('region', {name: 'a shell at node2'}).waitFor({state: 'detached'})
  if (runner.driver === 'local')
    t.is(
      await eventually(
        () => shellsIn(home),
        (count) => count === 1,
      ),
      1,
    )

  // A second page of the same session, and a page loaded again.
  const other = await browser.visit(`${live.origin}/`)
  await cellThat(other.page, 'pod3', 'pod4', 'does not reach').waitFor()
  await page.reload()
  await cellThat(page, 'pod3', 'pod4', 'does not reach').waitFor()
  if (runner.driver === 'local')
    t.is(
      await eventually(
        () => shellsIn(home),
        (count) => count === 0,
      ),
      0,
    )
  await page.close()
  await exec(t, home, 'node2', 'ip', 'route', 'add', '10.244.3.0/24', 'via', '192.168.1.13')
  await cellThat(other.page, 'pod3', 'pod4', 'reaches').waitFor()
  await other.page.close()
  t.is((await home.podwire(['check'])).code, 0)

  const last = await browser.visit(`${live.origin}/`)
  await cellThat(last.page, 'pod1', 'pod3', 'reaches').waitFor()
  t.is((await home.podwire(['down'])).code, 0)
  await last.page.getByText(/^The lab is down\. This is how it was at \d\d:\d\d:\d\d\.$/).waitFor()
  t.is((await live.begun.ended).code, 0)
  t.deepEqual([...complaints, ...other.complaints, ...last.complaints], [])
})

onEach(LOCAL, 'podwire ui ends: the page says so, and what it showed stays', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  await using browser = await startBrowser({served: true})
  const {page} = await browser.visit(live.link)
  await cellThat(page, 'pod1', 'pod3', 'reaches').waitFor()
  live.begun.process.kill('SIGINT')
  await once(live.begun.process, 'exit')
  await page.getByText(/^podwire ui has ended\. This is how the lab was at/).waitFor()
  await cellThat(page, 'pod1', 'pod3', 'reaches').waitFor()
  t.true(await page.getByRole('button', {name: 'open a shell'}).isDisabled())
})

onEach(LOCAL, 'a browser without the link is shown nothing of the lab, and another site opens no websocket', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  {
    await using stranger = await startBrowser({served: true})
    const {page} = await stranger.visit(`${live.origin}/`)
    t.is((await page.locator('body').textContent())?.trim(), 'no session: open the link that podwire ui printed')
  }
  await using browser = await startBrowser({served: true})
  const {page} = await browser.visit(live.link)
  await cellThat(page, 'pod1', 'pod3', 'reaches').waitFor()
  const connects = (to: string) =>
    page.evaluate(
      (url) =>
        new Promise<boolean>((resolve) => {
          const socket = new WebSocket(url, ['podwire', localStorage.getItem('podwire-key') ?? ''])
          socket.onopen = () => resolve(true)
          socket.onerror = () => resolve(false)
        }),
      to,
    )
  const socket = `${live.origin.replace('http', 'ws')}/live`
  t.true(await connects(socket))
  // The same browser, which has the cookie, on a page of another port of this machine: it has no key, and its origin is told.
  const other = await beginUi(t, home)
  await page.goto(other.link)
  await cellThat(page, 'pod1', 'pod3', 'reaches').waitFor()
  t.true(await connects(`${other.origin.replace('http', 'ws')}/live`))
  t.false(await connects(socket))
  // The link has been used.
  await page.goto(live.link)
  t.regex((await page.locator('body').textContent()) ?? '', /^this link has been used/)
})

/** Bytes. */
const LARGEST_PICTURE = 300_000

// PODWIRE_WRITE_EXPECTED=1 takes it anew; what it shows is held above.
onEach(LOCAL.filter(({missing}) => missing === undefined).slice(0, 1), 'README.md shows the page as it is', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  await using browser = await startBrowser({served: true})
  const {page, complaints} = await browser.visit(live.link, {width: 1280, height: 1500})
  await cellThat(page, 'pod1', 'pod3', 'reaches').waitFor()
  await part(page, 'Shells').getByRole('combobox').selectOption('node2')
  await page.getByRole('button', {name: 'open a shell'}).click()
  await type(page, 'node2', 'ip route del 10.244.1.0/24')
  await cellThat(page, 'pod1', 'pod3', 'does not reach').waitFor()
  await cell(page, 'pod1', 'pod3').click()
  await page.getByRole('button', {name: 'diagnose', exact: true}).click()
  await page.getByText('ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0').first().waitFor()
  await page.evaluate('scrollTo(0, 0)')
  const path = fileURLToPath(new URL('../../fixtures/pictures/ui.png', import.meta.url))
  const taken = await page.screenshot(process.env.PODWIRE_WRITE_EXPECTED ? {path} : {})
  const kept = readFileSync(path)
  t.deepEqual(sizeOf(kept), sizeOf(taken))
  t.true(kept.length <= LARGEST_PICTURE, `${kept.length}`)
  t.regex(readFileSync(new URL('../../README.md', import.meta.url), 'utf8'), /!\[[^\]]+\]\(fixtures\/pictures\/ui\.png\)/)
  t.deepEqual(complaints, [])
})

/** Width and height, from the header (PNG, third edition, 11.2.1). */
function sizeOf(png: Buffer): readonly [number, number] {
  return [png.readUInt32BE(16), png.readUInt32BE(20)]
}
