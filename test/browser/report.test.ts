// The html report in a browser: what a reader sees and does, of runs that pass, fail, are interrupted, or have nothing to show.
import {writeFileSync} from 'node:fs'
import {gunzipSync} from 'node:zlib'
import test from 'ava'
import {type Packed, unpack} from '../../harness/report/rows.ts'
import type {View} from '../../harness/report/view.ts'
import {threeNodesAnd, twoNodesWith} from '../kernel/tools/scenarios.ts'
import {mistakesIn} from '../kernel/tools/schema.ts'
import {barriersIn} from '../tools/accessibility.ts'
import {type Browser, startBrowser} from '../tools/browser.ts'
import {eventually} from '../tools/eventually.ts'
import {wholeOf} from '../tools/packed.ts'
import {cell, pair, part, slider, wordsOf} from './tools/page.ts'
import {report, textOf} from './tools/reports.ts'

let browser: Browser
test.before(async () => {
  browser = await startBrowser()
})
test.after.always(() => browser?.[Symbol.asyncDispose]())

const CUT = threeNodesAnd('      ip route del 10.244.1.0/24')
const HOSTILE = '</script><img src=x onerror="document.title=\'taken\'"><!--<script>'

test.serial(
  'a run that passes: a pair is clicked, both ways and every packet are told, and what holds the file is the document',
  async (t) => {
    await using made = await report('three-nodes')
    t.is(made.code, 0, made.stderr)
    const {page, complaints} = await browser.open(made.html)
    t.is(
      await page.getByRole('heading', {level: 1}).textContent(),
      'three nodes wired by hand: bridges, veth pairs, addresses and /24 routes',
    )
    t.is(await part(page, 'Topology').locator('.space').count(), 7)
    t.is(await part(page, 'Topology').locator('.way-there').count(), 0)
    await cell(page, 'pod1', 'pod3').click()
    const words = await wordsOf(pair(page))
    for (const hop of [
      'pod1 default via 10.244.1.1 dev veth-pod1',
      'node1 10.244.2.0/24 via 192.168.1.12 dev eth0',
      'node2 10.244.2.0/24 dev v-net-0',
      'pod3 arrives',
      'pod3 default via 10.244.2.1 dev veth-pod3',
      'node2 10.244.1.0/24 via 192.168.1.11 dev eth0',
    ])
      t.true(words.includes(hop), `${hop} in: ${words}`)
    t.is(words.match(/✓ delivered/g)?.length, 2)
    t.is(words.match(/unchanged/g)?.length, 12)
    // veth, port and underlay of both sides, and a route at each of the two nodes.
    t.is(await part(page, 'Topology').locator('.way-there').count(), 8)
    t.is(await part(page, 'Topology').locator('.way-back').count(), 8)
    t.is(await part(page, 'Requirements').getByRole('row').count(), 10)
    t.regex(await wordsOf(part(page, 'Machine and versions')), /node1, node2, node3 Linux \d\S*, iproute2 \d\S*, nftables \d/)
    t.deepEqual(complaints, [])
    await page.close()

    const document = JSON.parse(textOf(made.json)) as unknown
    t.deepEqual(mistakesIn(document, 'result'), [])
    const [, data = ''] = /<script type="text\/plain" id="view">([^<]*)</.exec(textOf(made.html)) ?? []
    const view = wholeOf(unpack(JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString()) as Packed)) as View
    t.deepEqual(view.document, document)
  },
)

test.serial('through a tunnel: what decided each hop, the way of the UDP packets, and the underlay that they light up', async (t) => {
  await using made = await report('flannel-vxlan')
  t.is(made.code, 0, made.stderr)
  const {page, complaints} = await browser.open(made.html)
  await cell(page, 'pod1', 'pod3').click()
  const words = await wordsOf(pair(page))
  t.regex(
    words,
    /node1 10\.244\.2\.0\/24 via 10\.244\.2\.0 dev flannel\.1 .*neighbour 10\.244\.2\.0 lladdr (0a:58:0a:f4:02:00) PERMANENT in flannel\.1 at node1, UDP 192\.168\.1\.11 → 192\.168\.1\.12 by \1 dev flannel\.1 dst 192\.168\.1\.12 node1 192\.168\.1\.0\/24 dev eth0 neighbour 192\.168\.1\.12 lladdr \S+ [A-Z]+ node2 arrives node2 10\.244\.2\.0\/24 dev cni0/,
  )
  const topology = part(page, 'Topology')
  t.is(await topology.locator('.underlay.there.back').count(), 1)
  t.is(await topology.locator('.tunnel.there.back').count(), 1)
  t.deepEqual(await barriersIn(page), [])
  // Within one node there is none.
  await cell(page, 'pod1', 'pod2').click()
  t.notRegex(await wordsOf(pair(page)), /UDP 192/)
  t.is(await topology.locator('.underlay.there').count(), 0)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('through flow switches: what each does with a packet of each protocol; before the end they were not asked', async (t) => {
  await using made = await report('nsx-ovn')
  t.is(made.code, 0, made.stderr)
  const {page, complaints} = await browser.open(made.html)
  await cell(page, 'pod1', 'pod3').click()
  const through =
    /node1 br-int: veth-pod1 -> eth0, routed \(ttl 63\), in geneve \d+ to 192\.168\.1\.12 node2 br-int: \S+ -> veth-pod3 pod3 arrives/
  for (const protocol of ['icmp', 'tcp', 'udp']) {
    await pair(page).getByRole('combobox', {name: 'protocol of the way'}).selectOption(protocol)
    t.regex(await wordsOf(pair(page)), through, protocol)
  }
  t.is((await wordsOf(pair(page))).match(/✓ delivered/g)?.length, 2)
  const topology = part(page, 'Topology')
  t.deepEqual([await topology.locator('.openvswitch').count(), await topology.locator('.openvswitch.there.back').count()], [6, 4])
  await slider(page).focus()
  await page.keyboard.press('ArrowLeft')
  await cell(page, 'pod1', 'pod3').click()
  t.regex(await wordsOf(pair(page)), /unknown.* br-int at node1 was not asked what it does with it/)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('the slider: what ran at each stage, what it printed, and how matrix and topology became another', async (t) => {
  await using made = await report('three-nodes')
  const {page, complaints} = await browser.open(made.html)
  await slider(page).focus()
  t.is(await slider(page).getAttribute('aria-valuetext'), 'the end, once every stage had run and the claims were looked at')
  await page.keyboard.press('ArrowLeft')
  t.is(await slider(page).getAttribute('aria-valuetext'), '7. routes between the nodes')
  const seventh = await wordsOf(part(page, /^Stage 7/))
  t.regex(seventh, /node1# ip route add 10\.244\.2\.0\/24 via 192\.168\.1\.12/)
  t.regex(seventh, /net\.ipv4\.ip_forward = 1/)
  t.regex(seventh, /\+ 26 pairs reach since this stage/)
  t.regex(seventh, /\+ node1 route 10\.244\.2\.0\/24 via 192\.168\.1\.12 dev eth0/)
  await page.keyboard.press('ArrowLeft')
  t.regex((await cell(page, 'pod1', 'pod3').getAttribute('aria-label')) ?? '', /: does not reach$/)
  t.regex((await cell(page, 'pod1', 'pod2').getAttribute('aria-label')) ?? '', /: reaches, since this stage$/)
  t.regex(await wordsOf(part(page, 'Topology')), /10\.244\.1\.2\/24/)
  await page.keyboard.press('Home')
  t.is(await slider(page).getAttribute('aria-valuetext'), '1. a namespace for each pod')
  t.notRegex(await wordsOf(part(page, 'Topology')), /10\.244\.1\.2\/24|v-net-0/)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('a run that fails: the diagnosis, where the reply stops, and the command that mends it', async (t) => {
  await using made = await report(CUT)
  t.is(made.code, 1, made.stderr)
  const {page, complaints} = await browser.open(made.html)
  t.regex(
    await wordsOf(part(page, 'Why it fails')),
    /no-route node2 has no route to 10\.244\.1\..* node2# ip route add 10\.244\.1\.0\/24 via 192\.168\.1\.11/,
  )
  await part(page, 'Why it fails').getByRole('button', {name: 'pod1 -> pod3'}).click()
  const words = await wordsOf(pair(page))
  t.regex(words, /pod1 → pod3.*no-route node2 has no route.*there .*✓ delivered.*back .*✗ no-route at node2.*node2 goes no further/)
  t.is(await part(page, 'Topology').locator('.stop').count(), 1)
  t.deepEqual(complaints, [])
  await page.close()
})

const TRANSLATED = `      nft add table ip nat
      nft 'add chain ip nat in { type nat hook prerouting priority -100; }'
      nft add rule ip nat in ip daddr 10.244.1.2 tcp dport 1-65535 dnat to 10.244.1.3
      nft 'add chain ip nat out { type nat hook postrouting priority 100; }'
      nft add rule ip nat out oifname eth0 meta l4proto udp masquerade`

test.serial('pairs that are translated are marked and found, and it is told what was sent, source and destination', async (t) => {
  await using made = await report(threeNodesAnd(TRANSLATED))
  t.is(made.code, 1, made.stderr)
  const {page, complaints} = await browser.open(made.html)
  t.regex(
    (await cell(page, 'pod3', 'pod4').getAttribute('aria-label')) ?? '',
    /: icmp reaches, tcp reaches, udp reaches, but is translated$/,
  )
  t.regex((await cell(page, 'pod4', 'pod3').getAttribute('aria-label')) ?? '', /: reaches$/)
  await part(page, 'Who reaches whom').getByRole('combobox', {name: 'protocol'}).selectOption('udp')
  await part(page, 'Who reaches whom').getByRole('combobox', {name: 'verdict'}).selectOption('fail')
  const found = await wordsOf(part(page, 'Who reaches whom').getByRole('list'))
  t.deepEqual(
    found.match(/\S+ → \S+/g),
    ['pod1', 'pod2', 'pod4', 'node1', 'node3'].map((to) => `pod3 → ${to}`),
  )
  await cell(page, 'pod3', 'pod4').click()
  t.regex(await wordsOf(pair(page)), /udp small \S+ ✓ \S+ ms 192\.168\.1\.12 \d+ ✗ 10\.244\.2\.2 \d+ was sent/)
  await cell(page, 'pod3', 'pod1').click()
  t.regex(await wordsOf(pair(page)), /tcp small .* ✗ to 10\.244\.1\.3 \d+, sent to 10\.244\.1\.2 \d+/)
  t.deepEqual(await barriersIn(page), [])
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('a run that was interrupted says so, and shows how far it came', async (t) => {
  await using made = await report(threeNodesAnd('      sleep 50'), /8\. a little more/)
  t.is(made.code, 130, made.stderr)
  const {page, complaints} = await browser.open(made.html)
  t.regex(
    await wordsOf(page.getByRole('alert')),
    /This run did not come to its end\..*interrupted at stage 8 of 8 not done of stage 8, a little more: node2# sleep 50$/,
  )
  t.regex(await wordsOf(page.getByRole('banner')), /no result/)
  t.is(await slider(page).getAttribute('aria-valuetext'), '7. routes between the nodes')
  t.regex(await wordsOf(part(page, 'Topology')), /v-net-0 \(bridge\)/)
  t.regex((await cell(page, 'pod1', 'pod3').getAttribute('aria-label')) ?? '', /: reaches, since this stage$/)
  t.regex(await wordsOf(part(page, 'Claims at the end')), /not reached\s+reach\b.*not reached\s+no-nat/s)
  t.deepEqual(mistakesIn(JSON.parse(textOf(made.json)), 'error'), [])
  t.deepEqual(complaints, [])
  await page.close()
})

const REFUSED = '      ip route add 10.9.0.0/24 via 192.168.51.1'
const CUTS = '      ip route del 10.244.1.0/24'
const REFUSES = /ip route add 10\.9\.0\.0\/24.*Nexthop has invalid gateway/
const LOST = /: does not reach, no more since this stage$/
for (const [what, lines, said, mark, ended] of [
  ['broken by a line before', `${CUTS}\n${REFUSED}`, REFUSES, LOST, /✗ no-route at node2/],
  ['broken before a line that hangs', `${CUTS}\n      sleep 90`, /sleep 90/, LOST, /✗ no-route at node2/],
  ['whole before a line that would have broken it', `${REFUSED}\n${CUTS}`, REFUSES, /: reaches$/, /back .*✓ delivered/],
] as const)
  test.serial(`a run whose line was refused or hung opens at that moment: its picture, its matrix and its ways, ${what}`, async (t) => {
    await using made = await report(threeNodesAnd(lines), undefined, ['--time-limit', '10'])
    t.is(made.code, 1, made.stderr)
    const {page, complaints} = await browser.open(made.html)
    t.is(await slider(page).getAttribute('aria-valuetext'), '8. a little more')
    const stage = await wordsOf(part(page, /^Stage 8/))
    t.regex(stage, /It broke here/)
    t.regex(stage, said)
    t.regex(await wordsOf(part(page, 'Topology')), /v-net-0 \(bridge\)/)
    t.regex((await cell(page, 'pod1', 'pod3').getAttribute('aria-label')) ?? '', mark)
    await cell(page, 'pod1', 'pod3').click()
    t.regex(await wordsOf(pair(page)), ended)
    const document = JSON.parse(textOf(made.json)) as {run: {stages: {stage: number; unfinished?: boolean}[]}}
    t.deepEqual(mistakesIn(document, 'error'), [])
    t.deepEqual(
      document.run.stages.filter(({unfinished}) => unfinished).map(({stage}) => stage),
      [8],
    )
    t.deepEqual(complaints, [])
    await page.close()
  })

test.serial('a run that never began has its reason, and nothing else', async (t) => {
  await using made = await report("import {scenario} from 'podwire'\n\nexport default scenario({title: 'x'})\n")
  t.is(made.code, 2)
  const {page, complaints} = await browser.open(made.html)
  t.regex(await wordsOf(page.getByRole('alert')), /This run did not come to its end/)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('a run without pods opens, and one without a pair says so', async (t) => {
  await using none = await report(twoNodesWith('    true'))
  t.is(none.code, 0, none.stderr)
  const first = await browser.open(none.html)
  await cell(first.page, 'node1', 'node2').click()
  t.regex(await wordsOf(pair(first.page)), /✓ delivered/)
  t.deepEqual(first.complaints, [])
  await first.page.close()
  const alone = twoNodesWith('    true').replace("node1: '192.168.1.11', ", '')
  await using single = await report(alone)
  // That everybody reaches everybody is not known of nobody.
  t.is(single.code, 1, single.stderr)
  const {page, complaints} = await browser.open(single.html)
  t.regex(await wordsOf(part(page, 'Who reaches whom')), /no two places/)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('what a command prints is text, whatever it looks like', async (t) => {
  await using made = await report(
    twoNodesWith(`    printf '%s\\n\\033[31m' '${HOSTILE.replaceAll("'", '’')}'; : '${HOSTILE.replaceAll("'", '’')}'`),
  )
  t.is(made.code, 0, made.stderr)
  const {page, complaints} = await browser.open(made.html)
  const commands = await wordsOf(part(page, 'Commands'))
  t.true(commands.includes('</script><img src=x onerror="'), commands)
  t.true(commands.includes('\\x1b[31m'), commands)
  t.is(await page.locator('img').count(), 0)
  t.notRegex(await page.title(), /taken/)
  t.deepEqual(complaints, [])
  await page.close()
  // The file holds no markup but its own.
  t.is(textOf(made.html).match(/<img|<script/g)?.length, 2)
})

test.serial('all of it by keys alone: a pair in the square, its commands searched, a pair in the list', async (t) => {
  await using made = await report(CUT)
  const {page, complaints} = await browser.open(made.html)
  await cell(page, 'pod1', 'pod2').focus()
  for (const key of ['ArrowRight', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
  t.is(await page.getByRole('heading', {level: 3}).textContent(), 'pod2 → pod3')
  // Past the diagonal.
  for (const key of ['ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
  t.is(await page.getByRole('heading', {level: 3}).textContent(), 'pod4 → node1')
  await page.getByRole('combobox', {name: 'verdict'}).focus()
  await page.keyboard.type('fail')
  await page.keyboard.press('Enter')
  const list = part(page, 'Who reaches whom').getByRole('listitem')
  t.is(await list.count(), 8)
  await list.first().getByRole('button').focus()
  await page.keyboard.press('Enter')
  t.is(await page.getByRole('heading', {level: 3}).textContent(), 'pod1 → pod3')
  // Tab comes to the square where the keys were, or to the chosen pair; also while a pair is half chosen.
  const stop = () => page.locator('button.cell[tabindex="0"]')
  t.is(await stop().getAttribute('data-cell'), '0 2')
  await stop().focus()
  await page.keyboard.press('ArrowDown')
  t.is(await stop().getAttribute('data-cell'), '1 2')
  await page.reload()
  await pair(page).getByRole('combobox', {name: 'from'}).selectOption('pod2')
  t.is(await stop().getAttribute('data-cell'), '0 1')
  await page.getByRole('searchbox', {name: /commands/}).focus()
  await page.keyboard.type('node2 route del')
  t.regex(await wordsOf(part(page, 'Commands')), /1 of 51 commands .*node2# ip route del 10\.244\.1\.0\/24/)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('much that a command printed is folded, by lines and by characters, and words of any length fit a small screen', async (t) => {
  const word = 'w'.repeat(300)
  const scenario = twoNodesWith("    printf x%.0s $(seq 20000); echo; echo last\n    seq 1000").replace('two nodes', word)
  await using made = await report(scenario)
  t.is(made.code, 0, made.stderr)
  const {page, complaints} = await browser.open(made.html, {width: 360, height: 800})
  t.is(await page.getByRole('heading', {level: 1}).textContent(), word)
  t.true(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'))
  const commands = part(page, 'Commands')
  t.false(
    await commands
      .getByText(/xx\nlast$/)
      .last()
      .isVisible(),
  )
  await commands.getByText('17005 more characters').first().click()
  t.true(
    await commands
      .getByText(/xx\nlast$/)
      .last()
      .isVisible(),
  )
  t.true(await commands.getByText('988 more lines').first().isVisible())
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('a file that lost a part of itself says so', async (t) => {
  await using made = await report(twoNodesWith('    true'))
  const text = textOf(made.html)
  const from = text.indexOf('id="view">') + 2000
  writeFileSync(made.html, text.slice(0, from) + text.slice(from + 1000))
  const {page} = await browser.open(made.html)
  await page.getByRole('alert').waitFor()
  t.regex(await wordsOf(page.getByRole('alert')), /^This report cannot be read: /)
  await page.close()
})

test.serial('a command is copied as it was typed, and a bar of the timeline is clicked', async (t) => {
  await using made = await report(CUT)
  const {page, complaints} = await browser.open(made.html)
  await page.getByRole('button', {name: 'copy: ip route add 10.244.1.0/24 via 192.168.1.11', exact: true}).first().click()
  await page.getByRole('button', {name: 'copied: ip route add 10.244.1.0/24 via 192.168.1.11', exact: true}).waitFor()
  const search = page.getByRole('searchbox', {name: /commands/})
  await search.focus()
  await page.keyboard.press('Control+V')
  t.is(await search.inputValue(), 'ip route add 10.244.1.0/24 via 192.168.1.11')
  await page.getByRole('button', {name: /2\. a bridge on each node/}).click()
  t.is(await slider(page).inputValue(), '1')
  t.regex(await wordsOf(part(page, /^Stage 2/)), /node1# ip link add v-net-0 type bridge/)
  t.deepEqual(complaints, [])
  await page.close()
})

test.serial('an error in a page does not pass unnoticed', async (t) => {
  await using made = await report(twoNodesWith('    true'))
  const {page, complaints} = await browser.open(made.html)
  await page.evaluate(
    "setTimeout(() => { throw new Error('nobody catches me') }); console.error('told'); void fetch('http://127.0.0.1:9/').catch(() => {})",
  )
  for (const word of [/nobody catches me/, /told/, /Content Security Policy/]) {
    const told = () => complaints.join('\n')
    t.regex(await eventually(told, (words) => word.test(words)), word)
  }
  await page.close()
})
