// The README's pictures are of the page as it is. PODWIRE_WRITE_EXPECTED=1 takes them anew; what they show is held otherwise.
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import test from 'ava'
import {threeNodesAnd} from '../kernel/tools/scenarios.ts'
import {startBrowser} from '../tools/browser.ts'
import {cell, part} from './tools/page.ts'
import {report} from './tools/reports.ts'

const FOLDER = fileURLToPath(new URL('../../fixtures/pictures/', import.meta.url))

/** Bytes. */
const MOST = 250_000

test.serial('a pair of a run that fails: README.md shows it, at the size that the page has on a screen', async (t) => {
  await using browser = await startBrowser()
  await using made = await report(threeNodesAnd('      ip route del 10.244.1.0/24'))
  const {page, complaints} = await browser.open(made.html, {width: 1280, height: 1120})
  await cell(page, 'pod1', 'pod3').click()
  t.is(await part(page, 'Topology').locator('.stop').count(), 1)
  const taken = await page.screenshot({
    ...(process.env.PODWIRE_WRITE_EXPECTED && {path: `${FOLDER}report.png`}),
  })
  const kept = readFileSync(`${FOLDER}report.png`)
  t.deepEqual(sizeOf(kept), sizeOf(taken))
  t.true(kept.length <= MOST, `${kept.length}`)
  t.regex(readFileSync(new URL('../../README.md', import.meta.url), 'utf8'), /!\[[^\]]+\]\(fixtures\/pictures\/report\.png\)/)
  t.deepEqual(complaints, [])
})

/** Width and height, from the header (PNG, third edition, 11.2.1). */
function sizeOf(png: Buffer): readonly [number, number] {
  return [png.readUInt32BE(16), png.readUInt32BE(20)]
}
