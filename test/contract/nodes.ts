// The contract: what a node begins with, alike under every driver, and what can be done on it.
import {existsSync} from 'node:fs'
import {NODE_SYSCTLS} from '../../harness/driver.ts'
import {readVersions} from '../../harness/facts/versions.ts'
import {type Cases, SHARED} from './suite.ts'

interface Link {
  readonly ifname: string
  readonly flags: readonly string[]
  readonly addr_info: readonly {readonly family: string; readonly local: string; readonly prefixlen: number}[]
}

export const NODES: Cases = {
  async 'a node has its name'(t, {fleet}) {
    for (const {name} of SHARED.nodes) t.is((await fleet.run(name, 'uname -n')).stdout.toString(), `${name}\n`)
  },

  async 'nodes tell what they run, those that run the same together'(t, {fleet}) {
    const names = SHARED.nodes.map(({name}) => name)
    const [versions, ...others] = await readVersions(fleet, names)
    const [kernel, ip, nft] = await Promise.all(
      ['uname -sr', 'ip -V', 'nft --version'].map(async (line) => (await fleet.run('node1', line)).stdout.toString().trim()),
    )
    t.deepEqual([versions?.nodes, versions?.kernel, others], [names, kernel, []])
    t.true(ip?.includes(`iproute2-${versions?.iproute2}`), `${ip}: ${versions?.iproute2}`)
    t.true(nft?.startsWith(`nftables v${versions?.nftables} `), `${nft}: ${versions?.nftables}`)
  },

  async 'a node begins with lo and eth0, both up, and its address on the underlay'(t, {fleet}) {
    for (const {name, address} of SHARED.nodes) {
      const {stdout} = await fleet.run(name, 'ip -j addr')
      const links = JSON.parse(stdout.toString()) as Link[]
      t.deepEqual(
        links.map(({ifname}) => ifname),
        ['lo', 'eth0'],
      )
      t.true(links.every(({flags}) => flags.includes('UP')))
      const held = links[1]?.addr_info.filter(({family}) => family === 'inet').map(({local, prefixlen}) => `${local}/${prefixlen}`)
      t.deepEqual(held, [`${address}/24`])
    }
  },

  async 'a node begins with the route to its underlay and no other'(t, {fleet}) {
    for (const {name} of SHARED.nodes) {
      const {stdout} = await fleet.run(name, 'ip -j route')
      t.deepEqual(
        (JSON.parse(stdout.toString()) as {dst: string}[]).map(({dst}) => dst),
        [SHARED.underlay],
      )
    }
  },

  async 'a node begins with podwire’s settings, and they can be changed on it alone'(t, {fleet}) {
    const read = async (node: string) => {
      const {stdout} = await fleet.run(
        node,
        `cat ${Object.keys(NODE_SYSCTLS)
          .map((key) => `/proc/sys/${key.replaceAll('.', '/')}`)
          .join(' ')}`,
      )
      return stdout.toString().trim().split('\n')
    }
    for (const {name} of SHARED.nodes) t.deepEqual(await read(name), Object.values(NODE_SYSCTLS))
    t.is((await fleet.run('node1', 'sysctl -w net.ipv4.ip_forward=1')).exitCode, 0)
    t.is((await read('node1'))[0], '1')
    t.is((await read('node2'))[0], '0')
    t.is((await fleet.run('node1', 'sysctl -w net.ipv4.ip_forward=0')).exitCode, 0)
  },

  async 'a namespace that a line adds is that node’s alone'(t, {fleet}) {
    const name = `contract-${process.pid}`
    t.is((await fleet.run('node1', `ip netns add ${name}`)).exitCode, 0)
    t.regex((await fleet.run('node1', 'ip netns list')).stdout.toString(), new RegExp(`^${name}\\b`, 'm'))
    t.is((await fleet.run('node1', `ip netns exec ${name} ip -br link`)).exitCode, 0)
    t.notRegex((await fleet.run('node2', 'ip netns list')).stdout.toString(), new RegExp(name))
    t.false(existsSync(`/run/netns/${name}`))
    t.is((await fleet.run('node1', `ip netns del ${name}`)).exitCode, 0)
  },

  async 'nodes ping each other over the underlay, with no packet for the machine itself'(t, {fleet}) {
    for (const [from, to] of [
      ['node1', '192.168.1.12'],
      ['node2', '192.168.1.11'],
    ] as const) {
      const {exitCode, stdout} = await fleet.run(from, `ping -c 1 -W 10 ${to}`)
      t.is(exitCode, 0, stdout.toString())
    }
    t.not((await fleet.run('node1', 'ping -c 1 -W 1 192.168.1.99')).exitCode, 0)
  },

  async 'a node takes bridges, veth pairs, routes, nft and iptables rules'(t, {fleet}) {
    const lines = [
      'ip link add v-net-0 type bridge',
      'ip link set v-net-0 up',
      'ip addr add 10.244.1.1/24 dev v-net-0',
      'ip link add veth-a type veth peer name veth-b',
      'ip link set veth-a master v-net-0',
      'ip route add 10.244.2.0/24 via 192.168.1.12',
      'nft add table ip contract',
      'nft list table ip contract',
      'nft delete table ip contract',
      'iptables -A FORWARD -s 10.244.1.0/24 -j ACCEPT',
      'iptables -D FORWARD -s 10.244.1.0/24 -j ACCEPT',
      'ip route del 10.244.2.0/24',
      'ip link del veth-a',
      'ip link del v-net-0',
    ]
    for (const line of lines) {
      const {exitCode, stderr} = await fleet.run('node1', line)
      t.is(exitCode, 0, `${line}: ${stderr}`)
    }
  },
}
