// A network that loses the first packets of a flow: TCP sends its own again after a second, when nobody waits any more. A
// pair that is silent in part is asked again before it is told as lost, and one that stays silent is told.
import {makeHome} from './tools/home.ts'
import {LOCAL, onEach} from './tools/runners.ts'
import {twoNodesWith} from './tools/scenarios.ts'

/** Input of node2 drops TCP's first packets, as many as nft(8)'s limit lets match: both sizes go by one connection. */
function losing(match: string): string {
  return [
    'nft add table ip losing',
    "nft add chain ip losing in '{ type filter hook input priority 0; }'",
    `nft add rule ip losing in 'tcp flags & (syn | ack) == syn ${match} drop'`,
  ]
    .map((line) => `    ${line}`)
    .join('\n')
}

onEach(LOCAL, 'first packets that are lost are asked for again; what is always lost is told', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('first.ts', twoNodesWith(losing('limit rate 1/day burst 1 packets')))
  home.write('always.ts', twoNodesWith(losing('')))
  // Too little patience for TCP to send it again by itself.
  const first = await home.podwire(['run', './first.ts', '--driver', 'local', '--quiet', '--patience', '0.3'])
  t.is(first.code, 0, first.stdout + first.stderr)
  const always = await home.podwire(['run', './always.ts', '--driver', 'local', '--quiet'])
  t.is(always.code, 1)
  t.regex(always.stdout, /node1 -> node2\n {4}reach fail tcp small, full: no-answer/)
  t.regex(always.stdout, /cause: filter-drop/)
})
