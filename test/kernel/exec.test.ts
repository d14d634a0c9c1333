// `podwire exec` and `podwire shell`: the user's own commands at a place of a running lab.
import {randomBytes} from 'node:crypto'
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {ALL, onEach} from './tools/runners.ts'

onEach(ALL, 'exec hands on input, output, error and exit code, at a node, a pod, and a namespace of a node', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)

  const apart = await home.podwire(['exec', 'node1', '--', 'sh', '-c', 'read line; echo "out $line"; echo err >&2; exit 42'], {
    input: 'from far\nmore\n',
  })
  t.deepEqual([apart.code, apart.stdout, apart.stderr], [42, 'out from far\n', 'err\n'])

  const binary = randomBytes(300_000)
  const through = await home.podwire(['exec', 'pod3', '--', 'cat'], {input: binary})
  t.is(through.code, 0)
  t.true(through.bytes.equals(binary))

  const addressAt = async (place: string) =>
    (await home.podwire(['exec', place, '--', 'ip', '-br', '-4', 'addr', 'show', 'scope', 'global'])).stdout
  t.regex(await addressAt('node2'), /eth0.* 192\.168\.1\.12\/24/)
  t.regex(await addressAt('pod1'), /^veth-pod1@\S+ +UP +10\.244\.1\.2\/24 $/m)
  t.is(await addressAt('node1/pod1'), await addressAt('pod1'))
  t.regex(
    (await home.podwire(['exec', 'pod1', '--', 'ping', '-c1', '-W5', '10.244.2.2'])).stdout,
    /bytes from 10\.244\.2\.2: icmp_seq=1 ttl=62 /,
  )
  t.is((await home.podwire(['exec', 'pod1', '--', 'hostname'])).stdout.trim(), 'node1')

  // Words stay words: nothing is put through a shell on the way.
  t.is((await home.podwire(['exec', 'pod1', '--', 'printf', '%s|', '$HOME', "it's", 'a  b', '*', ''])).stdout, "$HOME|it's|a  b|*||")
  // Options after the command are the command's.
  t.is((await home.podwire(['exec', 'node1', 'echo', '--json', '--lab', 'x', '-n'])).stdout, '--json --lab x -n\n')

  t.is((await home.podwire(['exec', 'node1', '--', 'sh', '-c', 'kill -TERM $$'])).code, 143)
  t.is((await home.podwire(['exec', 'node1', '--', 'no-such-command'])).code, 127)
  t.is((await home.podwire(['exec', 'pod1', '--', 'false'])).code, 1)
})

onEach(ALL, 'exec at a place that is not there: exit 2, the nearest one, and no command ran', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  const without = await home.podwire(['exec', 'node1', 'true'])
  t.is(without.code, 2)
  t.regex(without.stderr, /no lab is running\n.*podwire up/)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
  const places = [
    ['noode1', /no place noode1 in this lab\n.*did you mean node1\?/],
    ['pod5', /no place pod5 in this lab\n.*did you mean pod\d\?/],
    ['zebra', /no place zebra in this lab\n.*there is pod1, pod2, pod3, pod4, node1, node2, node3/],
    ['pod1/node1', /no place pod1\/node1/],
    ['node1/$(id)', /cannot name a network namespace/],
    ['node1/..', /cannot name a network namespace/],
    ['node1/-n', /cannot name a network namespace/],
    ['node1/', /cannot name a network namespace/],
  ] as const
  for (const [place, words] of places) {
    const {code, stdout, stderr} = await home.podwire(['exec', place, '--', 'echo', 'ran'])
    t.is(code, 2, `${place}: ${stderr}`)
    t.is(stdout, '', place)
    t.regex(stderr, words)
  }
  const namespace = await home.podwire(['exec', 'node1/nowhere', '--', 'echo', 'ran'])
  t.not(namespace.code, 0)
  t.is(namespace.stdout, '')
})

onEach(ALL, 'shell is an interactive bash at the place, and ends with what it was told', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  t.is((await home.podwire(['up', 'three-nodes', '--driver', runner.driver])).code, 0)
  const typed = (place: string, input: string) =>
    home.podwire(['shell', place], {input, through: ['sh', '-c', 'exec script -qe -c "$0 $*" /dev/null'], env: {TERM: 'dumb'}})
  const node = await typed('node2', 'tty\nip -br -4 addr show dev eth0\nexit 7\n')
  t.is(node.code, 7, node.stdout)
  t.regex(node.stdout, /^node2# /m)
  t.regex(node.stdout, /\/dev\/pts\/\d|\/dev\/console/)
  t.regex(node.stdout, /192\.168\.1\.12\/24/)
  const pod = await typed('pod4', 'ip route\nexit\n')
  t.is(pod.code, 0, pod.stdout)
  t.regex(pod.stdout, /^pod4# /m)
  t.regex(pod.stdout, /default via 10\.244\.3\.1/)
})
