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
  t.regex(evidenceOf(pairsOf(outcome, 'reach'), 'pod1 -> pod3'), /pod3 has no namespace: pod-missing \(ENOENT\)/)
  t.deepEqual(pairsWith('unknown', pairsOf(outcome, 'unique-address')).length, 6)
  t.deepEqual(pairsWith('fail', pairsOf(outcome, 'unique-address')), [])
})

onEach(LOCAL, 'node2 dies in the middle of the probing: its pairs are unknown, the rest passes, nothing hangs', async (t, runner) => {
  await using lab = await threeNodes(runner)
  // When its agent is told to begin, every process of the node ends: those with its host name.
  await type(
    lab,
    'node2',
    'cp /usr/bin/perl /run/perl.real',
    `cat >/run/perl <<'END'
#!/bin/bash
while IFS= read -r line; do
  [[ $line == go* ]] && for process in /proc/[0-9]*; do
    [[ " /proc/$$ /proc/$BASHPID " == *" $process "* || $(readlink "$process/ns/uts") != "$(readlink /proc/self/ns/uts)" ]] ||
      kill -KILL "\${process#/proc/}"
  done
  printf '%s\\n' "$line"
done | /run/perl.real "$@"
END`,
    'chmod 755 /run/perl',
    'mount --bind /run/perl /usr/bin/perl',
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

onEach(LOCAL, 'no perl on node2: what it would have shown is unknown, and the reason names it', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node2', 'mount --bind /dev/null /usr/bin/perl')
  const outcome = await checkLab(lab)
  const reach = pairsOf(outcome, 'reach')
  t.is(outcome.verdict, 'unknown')
  t.deepEqual(pairsWith('fail', reach), [])
  t.deepEqual(
    pairsWith('unknown', reach).filter((line) => line.startsWith('pod3 ->')),
    all(EVERY, ...others.map((other) => `pod3 -> ${other}`)),
  )
  t.regex(evidenceOf(reach, 'pod3 -> pod1', 'icmp'), /perl/)
})

onEach(LOCAL, 'a node without fping, ping and nft observes as any other', async (t, runner) => {
  await using lab = await threeNodes(runner)
  await type(lab, 'node2', ...['bin/fping', 'bin/ping', 'sbin/nft'].map((tool) => `mount --bind /dev/null /usr/${tool}`))
  t.is((await checkLab(lab)).verdict, 'pass')
})

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
