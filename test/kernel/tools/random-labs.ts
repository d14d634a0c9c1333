// Small labs, wired right and then broken, by literal lines: what a person would type, drawn by fast-check. Lines may be
// refused, as a person's are; what counts is what the kernel then holds.
import fc from 'fast-check'
import type {Place} from '../../../harness/model.ts'

/** A line, and the node that it is typed on. */
export interface Line {
  readonly node: string
  readonly command: string
}

export interface RandomLab {
  readonly places: readonly Place[]
  readonly nodes: readonly {readonly name: string; readonly address: string}[]
  /** Wired as a recipe does it. */
  readonly wiring: readonly Line[]
  /** And what was then done to it. */
  readonly faults: readonly Line[]
}

/** A node's pods, and how they are joined: by a bridge, or each by a route of its own and proxy ARP or a permanent neighbour. */
interface NodeShape {
  readonly pods: number
  readonly joined: 'bridge' | 'proxy-arp' | 'permanent'
}

interface Names {
  readonly nodes: readonly NodeShape[]
  readonly places: readonly Place[]
}

const joined = fc.constantFrom<NodeShape['joined']>('bridge', 'bridge', 'bridge', 'proxy-arp', 'permanent')
const shape = fc.array(fc.record({pods: fc.integer({min: 1, max: 2}), joined}), {minLength: 2, maxLength: 3})

/** One of a list, by a number that shrinks to its first. */
type Pick = <T>(list: readonly T[]) => T

function wiringOf(nodes: readonly NodeShape[]): Line[] {
  return nodes.flatMap(({pods, joined}, index) => {
    const i = index + 1
    const own = Array.from({length: pods}, (_, at) => ({
      name: `pod${i}${at + 1}`,
      address: `10.244.${i}.${at + 2}`,
      mac: podMac(i, at + 1),
    }))
    const bridged = [
      'ip link add br0 type bridge',
      `ip link set br0 address ${bridgeMac(i)}`,
      'ip link set br0 up',
      `ip addr add 10.244.${i}.1/24 dev br0`,
      ...own.flatMap(({name, address, mac}) => [
        `ip netns add ${name}`,
        `ip link add veth-${name} address ${mac} netns ${name} type veth peer name veth-${name}-br`,
        `ip link set veth-${name}-br master br0 up`,
        `ip -n ${name} addr add ${address}/24 dev veth-${name}`,
        `ip -n ${name} link set veth-${name} up`,
        `ip -n ${name} route add default via 10.244.${i}.1`,
      ]),
    ]
    const routed = own.flatMap(({name, address, mac}, at) => [
      `ip netns add ${name}`,
      `ip link add veth-${name} address ${mac} netns ${name} type veth peer name veth-${name}-br address ${hostMac(i, at + 1)}`,
      `ip link set veth-${name}-br up`,
      `ip -n ${name} addr add ${address}/32 dev veth-${name}`,
      `ip -n ${name} link set veth-${name} up`,
      `ip -n ${name} route add 169.254.1.1 dev veth-${name}`,
      `ip -n ${name} route add default via 169.254.1.1`,
      `ip route add ${address}/32 dev veth-${name}-br`,
      ...(joined === 'proxy-arp'
        ? [`sysctl -qw net.ipv4.neigh.veth-${name}-br.proxy_delay=0`, `sysctl -qw net.ipv4.conf.veth-${name}-br.proxy_arp=1`]
        : [`ip -n ${name} neigh add 169.254.1.1 dev veth-${name} lladdr ${hostMac(i, at + 1)} nud permanent`]),
    ])
    const others = nodes.flatMap((_, other) =>
      other === index ? [] : [`ip route add 10.244.${other + 1}.0/24 via 192.168.1.${11 + other}`],
    )
    const lines = [
      `ip link set eth0 address ${nodeMac(i)}`,
      'sysctl -qw net.ipv4.ip_forward=1',
      ...(joined === 'bridge' ? bridged : routed),
      ...others,
    ]
    return lines.map((command) => ({node: `node${i}`, command}))
  })
}

const podMac = (node: number, pod: number) => `02:00:00:00:0${node}:0${pod}`
const hostMac = (node: number, pod: number) => `02:00:00:00:0${node}:1${pod}`
const bridgeMac = (node: number) => `02:00:00:00:0${node}:20`
const nodeMac = (node: number) => `02:00:00:00:0${node}:30`

function namesOf(nodes: readonly NodeShape[]): Names {
  const pods = nodes.flatMap(({pods}, index) =>
    Array.from({length: pods}, (_, at): Place => {
      const name = `pod${index + 1}${at + 1}`
      const address = `10.244.${index + 1}.${at + 2}`
      return {name, kind: 'pod', node: `node${index + 1}`, netns: name, address, addresses: [address]}
    }),
  )
  const machines = nodes.map((_, index): Place => {
    const address = `192.168.1.${11 + index}`
    return {name: `node${index + 1}`, kind: 'node', node: `node${index + 1}`, netns: undefined, address, addresses: [address]}
  })
  return {nodes, places: [...pods, ...machines]}
}

/** A place to break, with the words that its lines begin with and the names that they use. */
interface Spot {
  readonly place: Place
  readonly ip: string
  readonly exec: string
  readonly devices: readonly string[]
  readonly shape: NodeShape
}

function spotOf({nodes, places}: Names, place: Place): Spot {
  const index = Number(place.node.slice(4)) - 1
  const shape = nodes[index] as NodeShape
  const pods = places.filter(({kind, node}) => kind === 'pod' && node === place.node)
  return place.netns === undefined
    ? {
        place,
        ip: 'ip',
        exec: '',
        devices: [...(shape.joined === 'bridge' ? ['br0'] : []), ...pods.map(({name}) => `veth-${name}-br`), 'eth0'],
        shape,
      }
    : {place, ip: `ip -n ${place.name}`, exec: `ip netns exec ${place.name} `, devices: [`veth-${place.name}`], shape}
}

type Fault = (spot: Spot, names: Names, pick: Pick) => string[]

function prefixIn({places, nodes}: Names, pick: Pick): string {
  return pick([
    ...places.map(({address}) => `${address}/32`),
    ...nodes.flatMap((_, index) => [`10.244.${index + 1}.0/24`, `10.244.${index + 1}.0/25`]),
    '10.244.0.0/16',
    '192.168.1.0/24',
    'default',
  ])
}

function hopIn({places, nodes}: Names, pick: Pick): string {
  return pick([
    ...nodes.map((_, index) => `192.168.1.${11 + index}`),
    ...nodes.map((_, index) => `10.244.${index + 1}.1`),
    ...places.map(({address}) => address),
    '192.168.1.99',
    '169.254.1.1',
  ])
}

const macIn = ({nodes}: Names, pick: Pick): string =>
  pick([
    '02:00:00:00:99:99',
    ...nodes.flatMap((_, index) => [nodeMac(index + 1), bridgeMac(index + 1), podMac(index + 1, 1), hostMac(index + 1, 1)]),
  ])

/** Matches of nft(8), each alone before a verdict. */
function matchIn(spot: Spot, names: Names, pick: Pick): string {
  const host = pick(names.places).address
  const other = pick(names.places).address
  return pick([
    '',
    `ip saddr ${host}`,
    `ip daddr ${host}`,
    `ip saddr ${host} ip daddr ${other}`,
    `ip saddr != ${host}`,
    `ip saddr { ${host}, ${other} }`,
    `ip daddr ${pick(['10.244.1.0/24', '10.244.2.0/24', '192.168.1.0/24', '10.244.0.0/16'])}`,
    'ip saddr 10.244.1.2-10.244.2.2',
    `ip saddr . ip daddr { ${host} . ${other} }`,
    'icmp type echo-request',
    'icmp type echo-reply',
    'icmp type { echo-request, echo-reply }',
    'ip protocol icmp',
    'meta l4proto tcp',
    'meta l4proto { tcp, udp }',
    'tcp dport 20790',
    'udp sport 20790',
    'th dport 20000-21000',
    'tcp flags syn',
    'tcp flags & (syn | ack) == syn',
    `iifname ${pick(spot.devices)}`,
    `oifname ${pick(spot.devices)}`,
    `iif ${pick(spot.devices)}`,
    'iifname "veth-*"',
    'ct state new',
    'ct state established,related',
    'ct state invalid',
    'ip ttl 63',
    'ip ttl < 63',
    'ip length > 1000',
    'meta length < 1000',
    'meta mark 1',
    'meta pkttype broadcast',
    'fib daddr type local',
    `fib saddr . iif oif missing`,
    `ip daddr != 10.244.0.0/16`,
  ])
}

const VERDICTS = [
  'drop',
  'counter drop',
  'reject',
  'reject with icmp type admin-prohibited',
  'reject with icmp type net-unreachable',
  'accept',
  'return',
] as const

/** A table with one chain and some rules. */
function filter(spot: Spot, names: Names, pick: Pick): string[] {
  const nft = (words: string) => `${spot.exec}nft '${words}'`
  const hook = pick(['forward', 'input', 'output', 'prerouting', 'postrouting'] as const)
  const family = pick(['ip', 'inet'] as const)
  const policy = pick(['accept', 'accept', 'drop'] as const)
  const rejects = hook === 'forward' || hook === 'input' || hook === 'output'
  const verdict = () => {
    const chosen = pick(VERDICTS)
    return chosen.startsWith('reject') && !rejects ? 'drop' : chosen
  }
  const more = pick([false, true])
  const jumping = pick([false, false, true])
  const name = `t${pick([1, 2])}`
  const mapped = pick([false, false, false, true])
  const rule = mapped
    ? `ip ${pick(['saddr', 'daddr'])} vmap { ${pick(names.places).address} : ${pick(['drop', 'accept'])} }`
    : `${matchIn(spot, names, pick)} ${verdict()}`
  return [
    nft(`add table ${family} ${name}`),
    nft(`add chain ${family} ${name} c { type filter hook ${hook} priority ${pick(['0', '-10', '10'])}; policy ${policy}; }`),
    ...(jumping
      ? [
          nft(`add chain ${family} ${name} other`),
          nft(`add rule ${family} ${name} other ${rule}`),
          nft(`add rule ${family} ${name} c ${matchIn(spot, names, pick)} ${pick(['jump', 'goto'])} other`),
        ]
      : [nft(`add rule ${family} ${name} c ${rule}`)]),
    ...(more ? [nft(`add rule ${family} ${name} c ${matchIn(spot, names, pick)} ${verdict()}`)] : []),
  ]
}

const FAULTS: Readonly<Record<string, Fault>> = {
  via: ({ip}, names, pick) => [
    `${ip} route replace ${prefixIn(names, pick)} via ${hopIn(names, pick)}${pick(['', '', ' metric 5', ' table 100'])}`,
  ],
  onlink: ({ip, devices}, names, pick) => [
    `${ip} route replace ${prefixIn(names, pick)} via ${hopIn(names, pick)} dev ${pick(devices)} onlink`,
  ],
  dev: ({ip, devices}, names, pick) => [`${ip} route replace ${prefixIn(names, pick)} dev ${pick(devices)}${pick(['', ' table 100'])}`],
  refusing: ({ip}, names, pick) => [
    `${ip} route replace ${pick(['blackhole', 'unreachable', 'prohibit', 'throw'])} ${prefixIn(names, pick)}${pick(['', '', ' table 100'])}`,
  ],
  routeGone: ({ip}, names, pick) => [`${ip} route del ${prefixIn(names, pick)}`],
  source: ({ip}, names, pick) => [
    `${ip} route replace ${prefixIn(names, pick)} via ${hopIn(names, pick)} src ${pick(names.places).address}`,
  ],
  rule: ({ip, devices}, names, pick) => [
    `${ip} rule add ${pick(['', '', 'not '])}${pick([
      `from ${prefixIn(names, pick).replace('default', 'all')}`,
      `to ${prefixIn(names, pick).replace('default', 'all')}`,
      `iif ${pick(devices)}`,
      'iif lo',
      'fwmark 1',
      `ipproto ${pick(['tcp', 'udp', 'icmp'])}`,
      'dport 20790',
    ])} ${pick(['lookup 100', 'lookup 100', 'prohibit', 'unreachable', 'blackhole', 'nop', 'lookup main suppress_prefixlength 0'])}${pick(['', ' priority 50'])}`,
  ],
  forwarding: ({exec, devices}, _, pick) => [
    `${exec}sysctl -qw net.ipv4.${pick(['ip_forward', `conf.${pick(devices)}.forwarding`])}=${pick([0, 1])}`,
  ],
  sysctl: ({exec, devices}, _, pick) => [
    `${exec}sysctl -qw net.ipv4.conf.${pick([...devices, 'all'])}.${pick([
      'rp_filter=1',
      'rp_filter=2',
      'arp_ignore=1',
      'arp_ignore=2',
      'arp_ignore=8',
      'arp_filter=1',
      'accept_local=1',
      'proxy_arp=1',
      'proxy_arp=0',
      'arp_announce=2',
    ])}`,
  ],
  echo: ({exec}) => [`${exec}sysctl -qw net.ipv4.icmp_echo_ignore_all=1`],
  bridged: ({exec}) => [`${exec}sysctl -qw net.bridge.bridge-nf-call-iptables=0`],
  down: ({ip, devices}, _, pick) => [`${ip} link set ${pick(devices)} down`],
  bounced: ({ip, devices}, _, pick) => {
    const device = pick(devices)
    return [`${ip} link set ${device} down`, `${ip} link set ${device} up`]
  },
  loose: ({devices}, _, pick) => [`ip link set ${pick(devices)} nomaster`],
  otherBridge: ({devices}, _, pick) => [
    'ip link add br9 type bridge',
    'ip link set br9 up',
    `ip link set ${pick(devices)} master br9`,
    ...pick([[], ['ip addr add 10.244.9.1/24 dev br9']]),
  ],
  addressGone: ({ip, devices}, _, pick) => [`${ip} addr flush dev ${pick(devices)} scope global`],
  address: ({ip, devices}, names, pick) => [
    `${ip} addr add ${pick([pick(names.places).address, hopIn(names, pick)])}/${pick([24, 32, 16, 25])} dev ${pick(devices)}`,
  ],
  length: ({ip, place, devices, shape}, _, pick) => {
    const [node] = place.node.match(/\d/) ?? ['1']
    const length = pick([16, 25, 32, 30])
    const [device] = devices
    const old = place.kind === 'node' ? `10.244.${node}.1/24` : `${place.address}/${shape.joined === 'bridge' ? 24 : 32}`
    return [
      `${ip} addr del ${old} dev ${device}`,
      `${ip} addr add ${old.split('/')[0]}/${length} dev ${device}`,
      ...(place.kind === 'pod' ? [`${ip} route add default via 10.244.${node}.1${pick(['', ` dev ${device} onlink`])}`] : []),
    ]
  },
  neighbour: ({ip, devices}, names, pick) => [
    `${ip} neigh replace ${hopIn(names, pick)} lladdr ${macIn(names, pick)} dev ${pick(devices)} nud permanent`,
  ],
  proxied: ({ip, devices}, names, pick) => [
    `sysctl -qw net.ipv4.neigh.br0.proxy_delay=0`,
    `sysctl -qw net.ipv4.neigh.eth0.proxy_delay=0`,
    `${ip} neigh add proxy ${hopIn(names, pick)} dev ${pick(devices)}`,
  ],
  mtu: ({ip, devices}, _, pick) => [`${ip} link set ${pick(devices)} mtu ${pick([1400, 1300, 9000])}`],
  isolated: ({devices}) => devices.filter((name) => name.endsWith('-br')).map((name) => `bridge link set dev ${name} isolated on`),
  port: ({devices}, _, pick) => [`bridge link set dev ${pick(devices)} ${pick(['learning off', 'flood off', 'hairpin on'])}`],
  fdb: ({devices}, names, pick) => [`bridge fdb replace ${macIn(names, pick)} dev ${pick(devices)} master static`],
  stp: () => ['ip link set br0 type bridge stp_state 1'],
  noarp: ({ip, devices}, _, pick) => [`${ip} link set ${pick(devices)} arp off`],
  mac: ({ip, devices}, names, pick) => [`${ip} link set ${pick(devices)} address ${macIn(names, pick)}`],
  moved: ({place}, names, pick) => {
    const other = pick(names.places.filter(({node, kind}) => kind === 'pod' && node === place.node))
    const from = pick(names.places.filter(({node, kind}) => kind === 'pod' && node === place.node))
    return [`ip -n ${from.name} link set veth-${from.name} netns ${other.name}`]
  },
  podGone: ({place}) => (place.netns === undefined ? [] : [`ip netns del ${place.name}`]),
  filter,
  filterAgain: filter,
  filterMore: filter,
  bridgeFilter: (spot, names, pick) => [
    "nft 'add table bridge t'",
    `nft 'add chain bridge t c { type filter hook ${pick(['forward', 'input', 'output', 'prerouting', 'postrouting'])} priority 0; }'`,
    `nft 'add rule bridge t c ${pick(['', 'ether type arp', 'ether type ip', `ip saddr ${pick(names.places).address}`, `iifname ${pick(spot.devices)}`, 'ip protocol icmp', `ether saddr ${macIn(names, pick)}`])} drop'`,
  ],
  arpFilter: ({exec}, names, pick) => [
    `${exec}nft 'add table arp t'`,
    `${exec}nft 'add chain arp t c { type filter hook ${pick(['input', 'output'])} priority 0; }'`,
    `${exec}nft 'add rule arp t c ${pick(['', 'arp operation request', 'arp operation reply', `arp saddr ip ${pick(names.places).address}`, `arp daddr ip ${pick(names.places).address}`])} drop'`,
  ],
  deviceFilter: (spot, names, pick) => [
    `${spot.exec}nft 'add table netdev t'`,
    `${spot.exec}nft 'add chain netdev t c { type filter hook ${pick(['ingress', 'egress'])} device ${pick(spot.devices)} priority 0; }'`,
    `${spot.exec}nft 'add rule netdev t c ${pick(['ip protocol icmp', `ip saddr ${pick(names.places).address}`, `ip daddr ${pick(names.places).address}`, 'ether type arp', 'meta l4proto udp'])} drop'`,
  ],
}

const NAMES = Object.keys(FAULTS)

interface Drawn {
  readonly kind: string
  readonly at: number
  readonly picks: readonly number[]
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  kind: fc.constantFrom(...NAMES),
  at: fc.nat(63),
  picks: fc.array(fc.nat(999), {minLength: 24, maxLength: 24}),
})

/** A lab with none to four faults; it shrinks to fewer nodes, pods and faults. */
export const randomLab: fc.Arbitrary<RandomLab> = fc
  .tuple(shape, fc.array(drawn, {minLength: 0, maxLength: 4}))
  .map(([nodes, faults]) => labOf(nodes, faults))

function labOf(nodes: readonly NodeShape[], faults: readonly Drawn[]): RandomLab {
  const names = namesOf(nodes)
  return {
    places: names.places,
    nodes: nodes.map((_, index) => ({name: `node${index + 1}`, address: `192.168.1.${11 + index}`})),
    wiring: wiringOf(nodes),
    faults: faults.flatMap(({kind, at, picks}) => {
      const rest = [...picks]
      const pick: Pick = (list) => list[(rest.shift() ?? 0) % list.length] as (typeof list)[number]
      const place = names.places[at % names.places.length] as Place
      return (FAULTS[kind]?.(spotOf(names, place), names, pick) ?? []).map((command) => ({node: place.node, command}))
    }),
  }
}
