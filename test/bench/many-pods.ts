// A scenario file with many pods: the three nodes of three-nodes, ten pods on each, every line written out.
import {writeFileSync} from 'node:fs'

/** Writes the file and returns its path. Pod k of node n is n-k at 10.244.n.(k + 1). */
export function writeManyPods(path: string, podsPerNode: number): string {
  const nodes = [1, 2, 3]
  const pods = nodes.flatMap((node) =>
    Array.from({length: podsPerNode}, (_, index) => ({name: `p${node}-${index + 1}`, node, address: `10.244.${node}.${index + 2}`})),
  )
  const steps = nodes.map((node) => {
    const lines = [
      'sysctl -w net.ipv4.ip_forward=1',
      'ip link add v-net-0 type bridge',
      'ip link set dev v-net-0 up',
      `ip addr add 10.244.${node}.1/24 dev v-net-0`,
      ...pods
        .filter((pod) => pod.node === node)
        .flatMap(({name, address}) => [
          `ip netns add ${name}`,
          `ip link add eth0 netns ${name} type veth peer name ${name}`,
          `ip link set ${name} master v-net-0 up`,
          `ip -n ${name} addr add ${address}/24 dev eth0`,
          `ip -n ${name} link set eth0 up`,
          `ip -n ${name} route add default via 10.244.${node}.1`,
        ]),
      ...nodes.filter((other) => other !== node).map((other) => `ip route add 10.244.${other}.0/24 via 192.168.1.1${other}`),
    ]
    return `...on('node${node}')\`\n${lines.map((line) => `      ${line}`).join('\n')}\n    \`,`
  })
  writeFileSync(
    path,
    `import {noNat, on, reach, scenario, uniqueAddress} from 'podwire'

export default scenario({
  title: '${pods.length} pods on 3 nodes',
  underlay: '192.168.1.0/24',
  nodes: {${nodes.map((node) => `node${node}: '192.168.1.1${node}'`).join(', ')}},
  pods: {
${pods.map(({name, node, address}) => `    '${name}': {node: 'node${node}', address: '${address}'},`).join('\n')}
  },
  steps: [
    ${steps.join('\n    ')}
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
`,
  )
  return path
}
