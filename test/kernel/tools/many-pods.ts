// A scenario of many pods, every line literal, as a file: what a person would have to type, typed by a test.

/** @param pods how many each node has; node names are node1, node2, ... */
export function manyPods(pods: Readonly<Record<string, number>>, more = ''): string {
  const nodes = Object.entries(pods).map(([name, count], index) => ({
    name,
    subnet: `10.244.${index + 1}`,
    address: `192.168.1.${11 + index}`,
    pods: Array.from({length: count}, (_, at) => ({name: `p${index + 1}-${at + 1}`, address: `10.244.${index + 1}.${at + 2}`})),
  }))
  const steps = nodes.map(({name, subnet, pods: own}) => {
    const lines = [
      'sysctl -w net.ipv4.ip_forward=1',
      'ip link add v-net-0 type bridge',
      'ip link set v-net-0 up',
      `ip addr add ${subnet}.1/24 dev v-net-0`,
      ...own.flatMap((pod) => [
        `ip netns add ${pod.name}`,
        `ip link add eth0 netns ${pod.name} type veth peer name ve-${pod.name}`,
        `ip link set ve-${pod.name} master v-net-0 up`,
        `ip -n ${pod.name} addr add ${pod.address}/24 dev eth0`,
        `ip -n ${pod.name} link set eth0 up`,
        `ip -n ${pod.name} route add default via ${subnet}.1`,
      ]),
      ...nodes.filter((other) => other.name !== name).map((other) => `ip route add ${other.subnet}.0/24 via ${other.address}`),
    ]
    return `    ...on('${name}')\`\n${lines.map((line) => `      ${line}\n`).join('')}    \`,\n`
  })
  return `import {noNat, on, reach, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'many pods',
  underlay: '192.168.1.0/24',
  nodes: {
${nodes.map(({name, address}) => `    ${name}: '${address}',\n`).join('')}  },
  pods: {
${nodes.flatMap(({name, pods: own}) => own.map((pod) => `    '${pod.name}': {node: '${name}', address: '${pod.address}'},\n`)).join('')}  },
  steps: [
${steps.join('')}${more}  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
`
}
