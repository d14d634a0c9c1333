// What could not be observed is unknown: neither a pass nor a fail. And what observes leaves nothing behind.
import {all, checkLab, evidenceOf, pairsOf, pairsWith, threeNodes, type} from './tools/labs.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'

const EVERY = 'icmp, tcp, udp'
const others = ['pod1', 'pod2', 'pod4', 'node1', 'node2', 'node3']
const pod3BothWays = others.flatMap((other) => [`pod3 -> ${other}`, `${other} -> pod3`])

onEach(ALL, "pod3's namespace is gone: all about pod3 is unknown, the rest passes", async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node2', 'ip netns del pod3')
  const outcome = await checkLab(lab)
  t.is(outcome.verdict, 'unknown')
  for (const check of ['reach', 'no-nat'] as const) {
    t.deepEqual(pairsWith('fail', pairsOf(outcome, check)), [], check)
    t.deepEqual(pairsWith('unknown', pairsOf(outcome, check)), all(EVERY, ...pod3BothWays), check)
  }
  t.regex(evidenceOf(pairsOf(outcome, 'reach'), 'pod1 -> pod3'), /pod3 has no namespace \(ENOENT\)/)
  t.deepEqual(pairsWith('unknown', pairsOf(outcome, 'unique-address')).length, 6)
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'unique-address')), [])
})

onEach(LOCAL, 'node2 dies in the middle of the probing: its pairs are unknown, the rest passes, nothing hangs', async (t, runner) => {
  await using lab = await threeNodes(runner)
  // The first fping that starts on node2 ends every process of the node, which are those with its host name.
  await type(
    lab,
    'node2',
    `cat >/run/fping <<'END'
#!/bin/bash
for process in /proc/[0-9]*; do
  [ "$(readlink "$process/ns/uts")" != "$(readlink /proc/self/ns/uts)" ] || [ "$process" = "/proc/$$" ] || kill -KILL "\${process#/proc/}"
done
END`,
    'chmod 755 /run/fping',
    'mount --bind /run/fping /usr/bin/fping',
  )
  const outcome = await checkLab(lab)
  const reach = pairsOf(outcome, 'reach')
  t.is(outcome.verdict, 'unknown')
  t.deepEqual(pairsWith('fail', reach), [])
  const touched = ['pod3', 'node2'].flatMap((here) =>
    others.filter((other) => other !== 'node2').flatMap((other) => [`${here} -> ${other}`, `${other} -> ${here}`]),
  )
  const unknown = pairsWith('unknown', reach).map((line) => line.split(':')[0] ?? '')
  t.deepEqual(
    unknown.filter((pair) => ![...touched, 'pod3 -> node2', 'node2 -> pod3'].includes(pair)),
    [],
  )
  t.true(unknown.includes('pod3 -> pod1') && unknown.includes('node2 -> node1'))
  t.regex(evidenceOf(reach, 'pod3 -> pod1', 'icmp'), /^node2: /)
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'no-nat')), [])
})

const TOOLS = [
  {tool: 'fping', gone: 'icmp', reason: /fping/},
  {tool: 'perl', gone: 'icmp, tcp, udp', reason: /perl/},
] as const

for (const {tool, gone, reason} of TOOLS) {
  onEach(LOCAL, `no ${tool} on node2: what it would have shown is unknown, and the reason names it`, async (t, runner) => {
    await using lab = await threeNodes(runner)
    await type(lab, 'node2', `mount --bind /dev/null /usr/bin/${tool}`)
    const outcome = await checkLab(lab)
    const reach = pairsOf(outcome, 'reach')
    t.is(outcome.verdict, 'unknown')
    t.deepEqual(pairsWith('fail', reach), [])
    const unknown = pairsWith('unknown', reach)
    t.deepEqual(
      unknown.filter((line) => line.startsWith('pod3 ->')),
      all(gone, ...others.map((other) => `pod3 -> ${other}`)),
    )
    t.regex(evidenceOf(reach, 'pod3 -> pod1', 'icmp'), reason)
  })
}

onEach(
  LOCAL,
  'no nft on node2: reach passes all the same, no-nat is unknown for ICMP there, and the reason names it',
  async (t, runner) => {
    await using lab = await threeNodes(runner)
    await type(lab, 'node2', 'mount --bind /dev/null /usr/sbin/nft')
    const outcome = await checkLab(lab)
    t.is(outcome.verdict, 'unknown')
    t.deepEqual([...pairsWith('fail', pairsOf(outcome, 'reach')), ...pairsWith('unknown', pairsOf(outcome, 'reach'))], [])
    const noNat = pairsOf(outcome, 'no-nat')
    t.deepEqual(pairsWith('fail', noNat), [])
    const here = ['pod3', 'node2']
    const elsewhere = ['pod1', 'pod2', 'pod4', 'node1', 'node3']
    const touched = [
      ...elsewhere.flatMap((other) => here.flatMap((place) => [`${place} -> ${other}`, `${other} -> ${place}`])),
      'pod3 -> node2',
      'node2 -> pod3',
    ]
    t.deepEqual(pairsWith('unknown', noNat), all('icmp', ...touched))
    t.regex(evidenceOf(noNat, 'pod3 -> pod1', 'icmp'), /nft/)
  },
)

onEach(ALL, 'nothing of the probes stays on the nodes', async (t, runner) => {
  await using lab = await threeNodes(runner)
  const before = await Promise.all(['node1', 'node2', 'node3'].map((node) => traces(node)))
  t.is((await checkLab(lab)).verdict, 'pass')
  const after = await Promise.all(['node1', 'node2', 'node3'].map((node) => traces(node)))
  t.deepEqual(after, before)
  t.false(after.join('\n').includes('podwire_audit'))
  t.false(after.join('\n').includes('perl'))

  async function traces(node: string): Promise<string> {
    const pods = lab.scenario.pods.filter((pod) => pod.node === node)
    return type(
      lab,
      node,
      ...['', ...pods.map(({name}) => `ip netns exec ${name} `)].flatMap((there) => [
        `${there}nft list ruleset`,
        `${there}ss -Hantup state listening`,
        `${there}ss -Hanup`,
      ]),
      // comm of every process that has this node's host name, but for those that ask here
      'for p in /proc/[0-9]*; do [ "$(readlink $p/ns/uts)" != "$(readlink /proc/self/ns/uts)" ] || cat $p/comm; done 2>/dev/null | sort | uniq | grep -v -e readlink -e sort -e uniq -e cat -e grep -e "^$"',
      'ls /run',
    )
  }
})
