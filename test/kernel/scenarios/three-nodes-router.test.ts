// One router with all routes: it passes, and with one thing changed it fails for that reason.
import {ALL, asRoot, onEach} from '../tools/runners.ts'
import {failsAs, passes} from '../tools/twin.ts'

const scenario = 'three-nodes-router'

onEach(ALL, 'three nodes reach one another by way of one router, and redirects show what it does', (t, runner) =>
  passes(t, runner, scenario),
)

onEach([asRoot], 'a router that forwards from the beginning lacks routes, and not forwarding', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: ["...stage('one gateway for all nodes'),", "...on('router')`\n      sysctl -w net.ipv4.ip_forward=1\n    `,"],
    claim: 'reach among pod1, pod3, pod4 fails: forwarding-off at router',
    because: /fails, but not for forwarding-off at router: no-route at router/,
  }),
)

onEach([asRoot], 'a node with a route of its own goes past the router', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: [
      "...on('router')`\n      sysctl -w net.ipv4.conf.all.send_redirects=1",
      "...on('node1')`\n      ip route add 10.244.2.0/24 via 192.168.1.12\n    `,\n    ...on('router')`\n      sysctl -w net.ipv4.conf.all.send_redirects=1",
    ],
    claim: 'hops pod1 -> pod3: 3',
    because: /2 routers were crossed \(ttl 62\), not 3/,
  }),
)

onEach([asRoot], 'a router that sends no redirects tells node1 of none', (t, runner) =>
  failsAs(t, runner, {
    scenario,
    change: [
      'sysctl -w net.ipv4.conf.all.send_redirects=1',
      'sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0',
    ],
    claim: "node1# ping -c 2 -i 0.1 10.244.2.2 prints 'From 192.168.1.1', 'Redirect Host(New nexthop: 192.168.1.12)'",
    because: /does not say "Redirect Host/,
  }),
)
