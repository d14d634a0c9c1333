// `podwire debug`: one prompt over a running lab, from a pipe and at a terminal.
import {readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {ALL, asRoot, LOCAL, onEach} from './tools/runners.ts'

onEach(ALL, 'lines from a pipe: ping, trace, places, captures and commands at places, each with its output as it is', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
  const lines = [
    'ping pod1 pod3',
    '# a remark',
    '',
    'trace pod1 pod3 udp',
    'node1 ip -br -4 addr show dev eth0 | tr a-z A-Z',
    'pod1 cat; echo "read nothing"',
    'capture pod1 pod3',
    'places',
    'watch',
    'node2 sh -c "exit 7"',
  ]
  const {code, stdout, stderr} = await home.podwire(['debug'], {input: `${lines.join('\n')}\n`})
  t.is(code, 7, stderr)
  for (const line of lines.filter((each) => each !== '')) t.true(stdout.includes(`three-nodes> ${line}\n`), line)
  t.regex(stdout, /3 packets transmitted, 3 received, 0% packet loss/)
  t.regex(stdout, /predicted from the facts, udp, 84 bytes: reaches\n[\s\S]*observed, udp, small packet: answered/)
  t.regex(stdout, /ETH0\S* .* 192\.168\.1\.11\/24/)
  t.regex(stdout, /\nread nothing\n/)
  for (const place of ['pod1/veth-pod1', 'node1/eth0', 'node2/eth0', 'pod3/veth-pod3'])
    t.is(
      stdout.split('\n').filter((line) => line.includes(` ${place} `) && line.includes('10.244.1.2 > 10.244.2.2  icmp echo request'))
        .length,
      3,
    )
  t.regex(stdout, /│ pod4 +│ pod +│ node3 +│ 10\.244\.3\.2 +│/)
  t.regex(stdout, /42 of 42 pairs reach\n/)
})

onEach([asRoot], 'watch counts each family of a pair for itself', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'dual-stack', '--driver', 'local'])).code, 0)
  const watched = async () => {
    const {code, stdout} = await home.podwire(['debug'], {input: 'watch\n'})
    return [code, /\d+ of \d+ pairs reach/.exec(stdout)?.[0]]
  }
  t.deepEqual(await watched(), [0, '84 of 84 pairs reach'])
  t.is((await home.podwire(['exec', 'node1', '--', 'ip', '-6', 'route', 'del', 'fd00:10:244:2::/64'])).code, 0)
  t.deepEqual(await watched(), [1, '78 of 84 pairs reach'])
  const check = await home.podwire(['check'])
  t.regex(check.stdout, /^ {2}pod1 -> pod3 \(fd00:10:244:2::2\)$/m)
  t.notRegex(check.stdout, /^ {2}pod1 -> pod3 \(10\./m)
})

onEach(LOCAL, 'a broken lab: ping and trace fail, why names the cause, watch shows who is cut off', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const asked = (...lines: string[]) => home.podwire(['debug'], {input: `${lines.join('\n')}\n`})
  t.is((await asked('node2 ip route del 10.244.1.0/24', 'ping pod1 pod3')).code, 1)
  t.is((await asked('trace pod1 pod3')).code, 1)
  const why = await asked('why pod1 pod3')
  t.regex(why.stdout, /no-route|no-return-route/, why.stderr)
  const watched = await asked('watch')
  t.is(watched.code, 1)
  t.regex(watched.stdout, /│ pod1 +│ +- +│ ✓✓✓ +│ ✗✗✗ +│ ✓✓✓ /)
  t.is((await asked('check')).code, 1)
  const mended = await asked('node2 ip route add 10.244.1.0/24 via 192.168.1.11', 'ping pod1 pod3', 'trace pod1 pod3', 'check')
  t.is(mended.code, 0, mended.stdout + mended.stderr)
  const broken = await asked('break forwarding-off node2', 'why pod1 pod3')
  t.is(broken.code, 1, broken.stderr)
  t.regex(broken.stdout, /cause: forwarding-off {2}node2 /)
  t.is((await asked('heal', 'check')).code, 0)
})

onEach(LOCAL, 'what nobody knows is told with the nearest, the prompt goes on, and a lab that is gone ends nothing', async (t, runner) => {
  await using home = makeHome(runner)
  const none = await home.podwire(['debug'], {input: 'places\n'})
  t.is(none.code, 2)
  t.regex(none.stderr, /no lab is running\n.*podwire up/)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local', '--name', 'mine'])).code, 0)
  const typo = await home.podwire(['debug', 'mine'], {input: 'pimg pod1 pod3\nping pod1 pod9\nbreak\nnode1\nplaces\n'})
  t.is(typo.code, 0, 'the last line went well')
  t.regex(typo.stderr, /no command or place pimg\n.*did you mean ping\?/)
  t.regex(typo.stderr, /no place pod9 in this lab\n.*did you mean pod\d\?/)
  t.regex(typo.stderr, /break takes other words\n.*break CAUSE \[PLACE\]/)
  t.regex(typo.stderr, /a shell at node1 needs a terminal/)
  t.is((await home.podwire(['debug', 'mine'], {input: 'places\npimg\n'})).code, 2)
  t.is((await home.podwire(['debug', 'mine'], {input: 'pimg\nexit\nplaces\n'})).stdout.includes('│'), false)
  const mistyped = await home.podwire(['debug', 'mien'], {input: ''})
  t.is(mistyped.code, 2)
  t.regex(mistyped.stderr, /did you mean mine\?/)
  const begun = home.begin(['debug'], {input: null})
  begun.process.stdin?.write('places\n')
  await begun.shown(/node3/)
  t.is((await home.podwire(['down'])).code, 0)
  begun.process.stdin?.end('ping pod1 pod3\nplaces\n')
  const {code, stderr} = await begun.ended
  t.is(code, 0)
  t.regex(stderr, /no lab mine is running/)
})

onEach(LOCAL, 'at a terminal: completion, Ctrl-C ends what runs and not the prompt, and a history for the next time', async (t, runner) => {
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', 'local'])).code, 0)
  const env = {TERM: 'xterm', NO_COLOR: '1', XDG_STATE_HOME: home.folder}
  const terminal = () => home.begin(['debug'], {input: null, through: ['sh', '-c', 'exec script -qe -c "$0 $*" /dev/null'], env})
  const begun = terminal()
  const type = (text: string) => begun.process.stdin?.write(text)
  await begun.shown(/three-nodes> /)
  // Tab is Tab when it comes alone; words that are pasted have none.
  type('pod1 echo one-$((1+1))\r')
  await begun.shown(/one-2/)
  type('pla')
  await begun.shown(/three-nodes> .*pla/)
  type('\t')
  await begun.shown(/places /)
  type('\r')
  await begun.shown(/10\.244\.3\.2/)
  type('node1 echo sleeping; sleep 60\r')
  await begun.shown(/\nsleeping/)
  type('\x03')
  type('node2 echo awake-$((1+1))\r')
  await begun.shown(/awake-2/)
  type('watch\r')
  await begun.shown(/pairs reach; Enter ends/)
  type('\r')
  type('pod4 echo after-$((1+1))\r')
  await begun.shown(/after-2/)
  await begun.shown(/after-2[\s\S]*three-nodes> /)
  type('\x04')
  const {code, stdout} = await begun.ended
  t.is(code, 0, stdout)
  for (const words of [/one-2/, /10\.244\.3\.2/, /awake-2/, /42 of 42 pairs reach/, /after-2/]) t.regex(stdout, words)
  const file = join(home.folder, 'podwire/history')
  t.is(statSync(file).mode & 0o777, 0o600)
  const history = readFileSync(file, 'utf8').split('\n')
  t.is(history[0], 'pod1 echo one-$((1+1))')
  t.true(history.includes('watch'))
  const again = terminal()
  await again.shown(/three-nodes> /)
  again.process.stdin?.write('\x1b[A')
  await again.shown(/after-\$/)
  again.process.stdin?.write('\x15exit\r')
  t.is((await again.ended).code, 0)
})
