// A report of 200 pods: small enough to be handed on, and as usable as a small one. How fast it opens is measured by test/bench.
import test from 'ava'
import {type Browser, startBrowser} from '../tools/browser.ts'
import {eventually} from '../tools/eventually.ts'
import {manyPods} from '../tools/many.ts'
import {pair, part, wordsOf} from './tools/page.ts'
import {reportOf, textOf, type Written} from './tools/reports.ts'

/** Bytes. */
const MOST = 3_000_000

let browser: Browser
let made: Written
test.before(async (t) => {
  t.timeout(170_000) // for hangs: 246,000 probes are made and packed
  browser = await startBrowser()
  made = await reportOf(manyPods(200, 'p2-1'))
})
test.after.always(async () => {
  await made?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
})

test.serial('200 pods: at most 3 MB; a pair is found, its way is told and shown', async (t) => {
  const size = textOf(made.html).length
  t.log(`${(size / 1e6).toFixed(2)} MB`)
  t.true(size <= MOST, `${size}`)
  const {page, complaints} = await browser.open(made.html)
  t.regex(await wordsOf(page.getByRole('banner')), /200 pods on 3 nodes.*✗ fail.*40804 of 41006 pairs reach/)
  const matrix = part(page, 'Who reaches whom')
  await page.getByRole('combobox', {name: 'verdict'}).selectOption('fail')
  t.regex(await wordsOf(matrix), /202 pairs found/)
  await page.getByRole('searchbox', {name: 'place'}).fill('p2-1 p1-60')
  t.regex(await wordsOf(matrix), /1 pair found/)
  await matrix.getByRole('button', {name: /^p1-60 → p2-1/}).click()
  const words = await wordsOf(pair(page))
  const way = [
    /p1-60 default via 10\.244\.1\.1 dev veth-p1-60 neighbour 10\.244\.1\.1 lladdr \S+ REACHABLE/,
    /node1 10\.244\.2\.0\/24 via 192\.168\.1\.12 dev eth0 neighbour 192\.168\.1\.12 lladdr \S+ REACHABLE/,
    /node2 .* p2-1 arrives/,
  ]
  t.regex(words, new RegExp(way.map(({source}) => source).join(' ')))
  t.regex(words, /icmp small 10\.244\.2\.2 ✗ no-answer/)
  const picture = part(page, 'Topology')
  t.is(await picture.locator('.way-there').count(), 8)
  // The two of the pair and the machines; all where they are asked for.
  t.is(await picture.locator('.space').count(), 5)
  t.regex(await wordsOf(picture), /198 more pods are not drawn/)
  await picture.getByRole('button', {name: 'all 200'}).click()
  t.is(await picture.locator('.space').count(), 203)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('200 pods: the square is walked by keys, and what is under the cursor is said', async (t) => {
  const {page, complaints} = await browser.open(made.html)
  const matrix = part(page, 'Who reaches whom')
  await matrix.getByRole('application').focus()
  const cursor = () => wordsOf(page.locator('#matrix-cursor'))
  t.is(await cursor(), 'p1-1 → p2-1 does not reach')
  await page.keyboard.press('ArrowRight')
  t.is(await cursor(), 'p1-1 → p3-1 reaches')
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Enter')
  t.is(await page.getByRole('heading', {level: 3}).textContent(), 'p2-4 → p3-1')
  // A colour of its own for what fails, beside what does not, and another after the filter has faded it.
  const colours = () =>
    page.evaluate<string[]>(`(() => {
      const canvas = document.querySelector('canvas')
      const cell = canvas.width / 203
      const at = (from, to) => [...canvas.getContext('2d').getImageData((to + 0.2) * cell, (from + 0.2) * cell, 1, 1).data].join()
      return [at(50, 1), at(50, 2)]
    })()`)
  const [lost, reached] = await colours()
  t.not(lost, reached)
  t.notRegex(`${lost} ${reached}`, /^0,0,0|0,0,0,0/)
  await page.getByRole('combobox', {name: 'verdict'}).selectOption('fail')
  // It is drawn when the browser comes to it.
  const [still, faded] = await eventually(colours, ([, now]) => now !== reached)
  t.is(still, lost)
  t.not(faded, reached)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('a square that is drawn says and shows of two families which of them reaches', async (t) => {
  const run = manyPods(30)
  const stages = run.outcome.stages.map((stage, index) => ({
    ...stage,
    matrix: stage.matrix?.flatMap((row) => [row, {...row, family: 6 as const, verdict: index < 2 ? ('fail' as const) : row.verdict}]) ?? [],
  }))
  await using small = await reportOf({...run, outcome: {...run.outcome, stages}})
  const {page, complaints} = await browser.open(small.html)
  await page.getByRole('slider', {name: 'Stage'}).focus()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  const matrix = part(page, 'Who reaches whom')
  await matrix.getByRole('application').focus()
  const cursor = () => wordsOf(page.locator('#matrix-cursor'))
  t.is(await cursor(), 'p1-1 → p2-1 does not reach')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  t.is(await cursor(), 'p1-1 → p1-2 IPv4 reaches, since this stage; IPv6 does not reach')
  // Of p1-2 to p2-1, where neither reaches, and to p1-3, where IPv4 does.
  const colours = () =>
    page.evaluate<string[]>(`(() => {
      const canvas = document.querySelector('canvas')
      const cell = canvas.width / 33
      const at = (from, to) => [...canvas.getContext('2d').getImageData((to + 0.7) * cell, (from + 0.2) * cell, 1, 1).data].join()
      return [at(3, 1), at(3, 6)]
    })()`)
  const [neither, one] = await colours()
  t.not(neither, one)
  await matrix.getByRole('combobox', {name: 'family'}).selectOption('IPv6')
  const [still, none] = await eventually(colours, ([, now]) => now !== one)
  t.deepEqual([still, none], [neither, neither])
  t.deepEqual(complaints, [])
  await page.close()
})
