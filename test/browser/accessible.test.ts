// The report for readers who do not see it, or not its colours: axe-core (WCAG 2.2 A and AA, and best practice), in light and in
// dark, wide, narrow and on paper; and what is told without colour.

import test from 'ava'
import {threeNodesAnd, twoNodesWith} from '../kernel/tools/scenarios.ts'
import {barriersIn} from '../tools/accessibility.ts'
import {type Browser, type Look, startBrowser} from '../tools/browser.ts'
import {manyPods} from '../tools/many.ts'
import {cell, part, slider} from './tools/page.ts'
import {type Made, report, reportOf} from './tools/reports.ts'

/** Pairs that are lost, that carry small packets alone, and that are translated. */
const EVERY_MARK = `
      ip route del 10.244.1.0/24
      ip -n pod3 link set veth-pod3 mtu 1400
      nft add table ip nat
      nft 'add chain ip nat in { type nat hook input priority 100; }'
      nft add rule ip nat in ip saddr 192.168.1.13 snat to 192.168.1.99`

let browser: Browser
let failing: Made
test.before(async () => {
  browser = await startBrowser()
  failing = await report(threeNodesAnd(EVERY_MARK))
})
test.after.always(async () => {
  await failing?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
})

const LOOKS: Readonly<Record<string, Look>> = {
  light: {scheme: 'light'},
  dark: {scheme: 'dark'},
  'narrow and light': {scheme: 'light', width: 400, height: 800},
  'narrow and dark': {scheme: 'dark', width: 400, height: 800},
}

for (const [name, look] of Object.entries(LOOKS)) {
  test.serial(`axe finds nothing in a report of a run that fails: ${name}`, async (t) => {
    const {page, complaints} = await browser.open(failing.html, look)
    for (const mark of ['does not reach', 'reaches with small packets only', 'reaches, but is translated'])
      t.true((await page.getByRole('button', {name: new RegExp(`^\\w+ to \\w+: ${mark}$`)}).count()) > 0, mark)
    await cell(page, 'pod1', 'pod3').click()
    t.deepEqual(await barriersIn(page), [])
    await slider(page).focus()
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('combobox', {name: 'verdict'}).selectOption('fail')
    t.deepEqual(await barriersIn(page), [])
    // Nothing is wider than the screen but what scrolls by itself.
    t.true(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'))
    t.deepEqual(complaints, [])
    await page.close()
  })
}

test.serial('axe finds nothing in a report of many pods', async (t) => {
  await using made = await reportOf(manyPods(40, 'p2-3'))
  for (const scheme of ['light', 'dark'] as const) {
    const {page} = await browser.open(made.html, {scheme})
    await part(page, 'Who reaches whom').getByRole('application').focus()
    for (const key of ['ArrowRight', 'Shift+ArrowRight', 'Enter']) await page.keyboard.press(key)
    t.deepEqual(await barriersIn(page), [], scheme)
    await page.close()
  }
})

test.serial('axe would find a control without a name, words too pale, and a picture that nobody describes', async (t) => {
  const {page} = await browser.open(failing.html)
  await page.evaluate(`
    document.querySelector('.slider').removeAttribute('aria-label')
    document.querySelector('h2').style.color = 'rgb(230, 230, 230)'
    document.querySelector('svg').removeAttribute('aria-label')
  `)
  const words = (await barriersIn(page)).join('\n')
  for (const id of [/^label: /m, /^color-contrast: /m, /^svg-img-alt: /m]) t.regex(words, id)
  await page.close()
})

test.serial('on paper nothing scrolls and nothing is for clicking', async (t) => {
  await using printing = await report(twoNodesWith('    for n in $(seq 30); do echo "line $n"; done'))
  const {page} = await browser.open(failing.html)
  await cell(page, 'pod1', 'pod3').click()
  await page.emulateMedia({media: 'print'})
  t.false(await slider(page).isVisible())
  t.false(await page.getByRole('button', {name: /^copy/}).first().isVisible())
  t.true(await part(page, 'One pair, hop by hop').isVisible())
  const cut = await page.evaluate<string[]>(
    `[...document.querySelectorAll('.printed, .change-list, .pair-chips')].filter((each) => each.scrollHeight > each.clientHeight + 1).map((each) => each.className)`,
  )
  t.deepEqual(cut, [])
  const {page: long} = await browser.open(printing.html)
  const thirtieth = part(long, 'Commands').getByText('line 30', {exact: false}).last()
  t.false(await thirtieth.isVisible())
  await long.emulateMedia({media: 'print'})
  t.true(await thirtieth.isVisible())
  await long.close()
  await page.close()
})
