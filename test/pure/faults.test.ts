// The faults on data alone: which causes have some, what is typed for them, and what counts as put back.
import test from 'ava'
import {ABSENT, FAULTS, faultOf, firstPlace, injectionAt} from '../../harness/faults/catalogue.ts'
import {differences} from '../../harness/faults/difference.ts'
import type {Injection} from '../../harness/faults/fault.ts'
import {Unfit, wiredFrom} from '../../harness/faults/wired.ts'
import {CAUSES} from '../../harness/model.ts'
import {loadScenario, scenarioNames} from '../../harness/scenario/load.ts'
import {PLACES, recordedFacts} from '../tools/recorded.ts'

const FACTS = recordedFacts()
const LAB = wiredFrom(FACTS, PLACES)

function injection(cause: string, place?: string, variant = 0): Injection | Unfit {
  const found = faultOf(cause)?.variants[variant]
  if (!found) throw new Error(`no ${cause}`)
  return injectionAt(found, LAB, place ?? firstPlace(found, LAB) ?? '')
}

/** `node1# ip route del ...`, injection and healing. */
function typed(...args: Parameters<typeof injection>): {inject: string[]; heal: string[]} {
  const made = injection(...args)
  if (made instanceof Unfit) throw made
  const lines = (commands: Injection['inject']) => commands.map(({where, command}) => `${where}# ${command}`)
  return {inject: lines(made.inject), heal: lines(made.heal)}
}

test('every cause has a fault, or a reason why it has none', (t) => {
  const have = FAULTS.map(({cause}) => cause)
  const lack = Object.keys(ABSENT)
  t.deepEqual([...have, ...lack].sort(), [...CAUSES].sort())
})

test('every place of the recorded lab is whole', (t) => {
  t.deepEqual(
    LAB.nodes.map(({name, device}) => [name, device.name]),
    ['node1', 'node2', 'node3'].map((name) => [name, 'eth0']),
  )
  t.deepEqual(
    LAB.pods.map(({name, home, port, bridge, gateway, subnet}) => [name, home.name, port.name, bridge.name, gateway.address, subnet]),
    [
      ['pod1', 'node1', 'veth-pod1-br', 'v-net-0', '10.244.1.1', '10.244.1.0/24'],
      ['pod2', 'node1', 'veth-pod2-br', 'v-net-0', '10.244.1.1', '10.244.1.0/24'],
      ['pod3', 'node2', 'veth-pod3-br', 'v-net-0', '10.244.2.1', '10.244.2.0/24'],
      ['pod4', 'node3', 'veth-pod4-br', 'v-net-0', '10.244.3.1', '10.244.3.0/24'],
    ],
  )
})

const LINES: readonly (readonly [string, string | undefined, readonly string[], readonly string[]])[] = [
  ['no-route', 'node1', ['node1# ip route del 10.244.2.0/24'], ['node1# ip route add 10.244.2.0/24 via 192.168.1.12 dev eth0']],
  ['no-route', 'node3', ['node3# ip route del 10.244.1.0/24'], ['node3# ip route add 10.244.1.0/24 via 192.168.1.11 dev eth0']],
  ['forwarding-off', 'node2', ['node2# sysctl -w net.ipv4.ip_forward=0'], ['node2# sysctl -w net.ipv4.ip_forward=1']],
  [
    'interface-down',
    undefined,
    ['node1# ip -n pod1 link set veth-pod1 down'],
    ['node1# ip -n pod1 link set veth-pod1 up', 'node1# ip -n pod1 route add default via 10.244.1.1 dev veth-pod1'],
  ],
  [
    'address-missing',
    'pod3',
    ['node2# ip -n pod3 addr del 10.244.2.2/24 dev veth-pod3'],
    ['node2# ip -n pod3 addr add 10.244.2.2/24 dev veth-pod3', 'node2# ip -n pod3 route add default via 10.244.2.1 dev veth-pod3'],
  ],
  ['port-not-enslaved', 'pod4', ['node3# ip link set veth-pod4-br nomaster'], ['node3# ip link set veth-pod4-br master v-net-0']],
  [
    'policy-rule',
    'node2',
    ['node2# ip route add unreachable default table 100', 'node2# ip rule add from 10.244.2.0/24 lookup 100'],
    ['node2# ip rule del from 10.244.2.0/24 lookup 100', 'node2# ip route del unreachable default table 100'],
  ],
  [
    'arp-suppressed',
    'pod1',
    ['arp off', '', ''].map((word, index) =>
      index === 0
        ? `node1# ip -n pod1 link set veth-pod1 ${word}`
        : `node1# ip ${index === 1 ? '-n pod1 neigh flush dev veth-pod1' : 'neigh flush dev v-net-0'}`,
    ),
    ['node1# ip -n pod1 link set veth-pod1 arp on', 'node1# ip -n pod1 neigh flush dev veth-pod1', 'node1# ip neigh flush dev v-net-0'],
  ],
]

for (const [cause, place, inject, heal] of LINES)
  test(`${cause} at ${place ?? 'its first place'} is typed as a person would`, (t) => {
    t.deepEqual(typed(cause, place), {inject: [...inject], heal: [...heal]})
  })

test('every line of every variant is whole, at every place that it fits', (t) => {
  let made = 0
  for (const {cause, variants} of FAULTS)
    for (const variant of variants)
      for (const {name} of PLACES) {
        const injected = injectionAt(variant, LAB, name)
        if (injected instanceof Unfit) continue
        made++
        const said = `${cause} at ${name}: ${variant.title}`
        t.true(injected.inject.length > 0 && injected.heal.length > 0, said)
        t.true(injected.breaks.pairs.length > 0, said)
        for (const pair of injected.breaks.pairs) t.regex(pair, /^(pod|node)\d -> (pod|node)\d$/, said)
        for (const {where, command} of [...injected.inject, ...injected.heal]) {
          t.true(['node1', 'node2', 'node3'].includes(where), `${said}: ${where}`)
          t.notRegex(command, /undefined|NaN|\[object|\s\s|^\s|\s$/, `${said}: ${command}`)
        }
        t.true([cause, ...(injected.expect.alike ?? [])].includes(injected.expect.cause), said)
      }
  t.true(made > 300, `${made}`)
})

test('a fault says what a place lacks for it', (t) => {
  t.is((injection('port-isolated', 'pod3') as Unfit).message, 'node2 has no second pod on v-net-0')
  t.is((injection('no-route', 'pod1') as Unfit).message, 'pod1 is no node')
  t.is((injection('gateway-missing', 'node1') as Unfit).message, 'node1 is no pod on a bridge')
  t.regex((injection('ipv6-disabled', 'pod1') as Unfit).message, /pod1 has no IPv6 address/)
})

test('what comes and goes by itself is no difference', (t) => {
  t.deepEqual(differences(FACTS, FACTS), [])
  const node = FACTS.get('node1')
  if (!node) return t.fail()
  const otherNumbers = {
    ...node,
    links: node.links.map((link) => ({...link, index: link.index + 7})),
    neighbours: [{address: '10.244.1.2', dev: 'v-net-0', mac: '02:00:00:00:00:07', state: 'STALE', proxy: false}],
    sysctls: new Map([...node.sysctls, ['netfilter.nf_conntrack_count', '12']]),
  }
  t.deepEqual(differences(FACTS, new Map(FACTS).set('node1', otherNumbers)), [])
})

test('what somebody set is a difference, in both directions', (t) => {
  const node = FACTS.get('node1')
  if (!node) return t.fail()
  const changed = new Map(FACTS).set('node1', {
    ...node,
    routes: node.routes.filter(({to}) => to !== '10.244.2.0/24'),
    neighbours: [{address: '10.244.1.2', dev: 'v-net-0', mac: '02:00:00:00:00:07', state: 'PERMANENT', proxy: false}],
  })
  const lines = differences(FACTS, changed)
  t.deepEqual(
    lines.map((line) => /^(\w+): ([-+]) (\w+)/.exec(line)?.slice(1)),
    [
      ['node1', '-', 'route'],
      ['node1', '+', 'neighbour'],
    ],
  )
  t.is(differences(FACTS, new Map(FACTS).set('pod1', undefined))[0]?.startsWith('pod1: - '), true)
})

test('a broken scenario is of a cause that can be brought about, claims that cause and shows no statement', async (t) => {
  const names = scenarioNames().filter((name) => name.startsWith('broken/'))
  const causes = new Set(FAULTS.map(({cause}) => `broken/${cause}`))
  t.true(names.length > 30)
  t.deepEqual(
    names.filter((name) => !causes.has(name)),
    [],
  )
  for (const name of names) {
    const {claims, stages, shows} = await loadScenario(name)
    const claimed = [...claims, ...stages.flatMap((stage) => stage.claims)].flatMap((claim) =>
      'fails' in claim && claim.fails ? [claim.fails.cause] : [],
    )
    t.true(claimed.includes(name.slice('broken/'.length) as never), name)
    t.deepEqual(shows, [], name)
  }
})
