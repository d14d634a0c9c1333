// `podwire diagnose --fix`: what mended the copy is typed in the lab; what did not is left out, and that is said.
import {makeHome} from './tools/home.ts'
import {asRoot, onEach} from './tools/runners.ts'

const ROUTE = 'ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0'
/** Somebody else's agent, who takes the route away as soon as it is there. */
const AGENT = '(timeout 90 ip monitor route | while read -r line; do ip route del 10.244.2.0/24; done) >/dev/null 2>&1 &'

onEach([asRoot], 'a fix that mends its copy is typed, one that mends nothing is not', async (t, runner) => {
  t.timeout(200_000) // for hangs
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const mends = async () => home.podwire(['diagnose', '--fix', '--yes', '--no-watch'])
  t.is((await home.podwire(['exec', 'node1', '--', 'ip', 'route', 'del', '10.244.2.0/24'])).code, 0)
  const typed = await mends()
  t.is(typed.code, 0, typed.stdout + typed.stderr)
  t.true(typed.stdout.includes(`node1# ${ROUTE}\n`), typed.stdout)
  t.notRegex(typed.stderr, /left out/)

  t.is((await home.podwire(['exec', 'node1', '--', 'ip', 'route', 'del', '10.244.2.0/24'])).code, 0)
  t.is((await home.podwire(['exec', 'node1', '--', 'sh', '-c', AGENT])).code, 0)
  const left = await mends()
  t.is(left.code, 1)
  t.regex(left.stdout, /cause: no-route .*\nfix: .*mends 0 of \d+ failing pairs/)
  t.false(left.stdout.includes(`node1# ${ROUTE}`), left.stdout)
  t.regex(left.stderr, /left out: the fix for no-route at node1 \(tried on a copy of the lab: mends 0 of (\d+) failing pairs, /)
  t.regex(left.stderr, /nothing is typed/)
  const there = await home.podwire(['exec', 'node1', '--', 'ip', 'route', 'show', '10.244.2.0/24'])
  t.is(there.stdout, '')
  // Untried it is typed, whatever comes of it.
  const untried = await home.podwire(['diagnose', '--fix', '--yes', '--no-watch', '--no-trial'])
  t.true(untried.stdout.includes(`node1# ${ROUTE}`), untried.stdout)
  t.is(untried.code, 1)
  t.is((await home.podwire(['down'])).code, 0)
})
