// One node and its internal network: three pods on a bridge reach one another; from outside, the node's address is used.
//
//   pod1 10.244.0.2 --+
//   pod2 10.244.0.3 --+-- v-net-0 10.244.0.1 [node1] 192.168.1.2 --+-- 192.168.1.0/24
//   pod3 10.244.0.4 --+                                            |
//                                            [admin] 192.168.1.100 +
import {noNat, on, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'a single node, its internal network, and a machine on the LAN that logs in to it',
  shows: [
    'This is the IP address we use to access the kubernetes node, ssh etc',
    'A pod hosts a container',
    'In docker world, IP address is assigned to a conatiner whereas in kubernetes world IP address is always assigned to a POD',
    'Each POD in the kubernetes, gets its own internal IP address',
    'we create an internal private network with the address 10.244.0.0 and all the pods are attached to it',
    'they all get a separate IP addresses assigned from this network like 10.244.0.2, 10.244.0.3, 10.244.0.4',
    'The PODs can communicate with each other through this IP',
  ],
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.2'},
  hosts: {admin: '192.168.1.100'},
  pods: {
    pod1: {node: 'node1', address: '10.244.0.2'},
    pod2: {node: 'node1', address: '10.244.0.3'},
    pod3: {node: 'node1', address: '10.244.0.4'},
  },
  steps: [
    ...stage(
      'an internal private network',
      'When the kubernetes is initially confgured, we create an internal private network with the address 10.244.0.0 and all the pods are attached to it.',
    ),
    ...on('node1')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.0.1/24 dev v-net-0
    `,

    ...stage('a pod', 'Each POD in the kubernetes, gets its own internal IP address.(10.244.0.2)'),
    ...on('node1')`
      ip netns add pod1
      ip -n pod1 link set dev lo up
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link set veth-pod1 netns pod1
      ip link set veth-pod1-br master v-net-0
      ip link set dev veth-pod1-br up
      ip -n pod1 addr add 10.244.0.2/24 dev veth-pod1
      ip -n pod1 link set veth-pod1 up
      ip -n pod1 route add default via 10.244.0.1
    `,
    reach.among('node1', 'pod1').holds(),

    ...stage(
      'two containers of that pod share its address',
      'In docker world, IP address is assigned to a conatiner whereas in kubernetes world IP address is always assigned to a POD.',
    ),
    // Two containers are two mount namespaces, each with a root of its own; the pod is the network namespace around both.
    ...on('node1')`
      ip netns exec pod1 unshare --mount socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo the first container of pod1' >/run/first 2>&1 &
      timeout 5 sh -c 'until ip netns exec pod1 socat -u TCP:127.0.0.1:8080 - >/dev/null 2>&1; do sleep 0.02; done'
    `,
    // The second finds the first at 127.0.0.1, has the same address, and cannot listen where the first one does.
    runs('pod1')`unshare --mount socat -u TCP:127.0.0.1:8080 -`.prints('the first container of pod1'),
    runs('pod1')`unshare --mount ip -brief addr show veth-pod1`.prints('10.244.0.2/24'),
    runs('pod1')`unshare --mount timeout 5 socat TCP-LISTEN:8080 -`.fails('Address already in use'),

    ...stage(
      'more pods',
      'When we deploy multiple PODS, they all get a separate IP addresses assigned from this network like 10.244.0.2, 10.244.0.3, 10.244.0.4.',
    ),
    ...on('node1')`
      ip netns add pod2
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip link set veth-pod2-br master v-net-0
      ip link set dev veth-pod2-br up
      ip -n pod2 addr add 10.244.0.3/24 dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip -n pod2 route add default via 10.244.0.1
      ip netns add pod3
      ip link add veth-pod3 type veth peer name veth-pod3-br
      ip link set veth-pod3 netns pod3
      ip link set veth-pod3-br master v-net-0
      ip link set dev veth-pod3-br up
      ip -n pod3 addr add 10.244.0.4/24 dev veth-pod3
      ip -n pod3 link set veth-pod3 up
      ip -n pod3 route add default via 10.244.0.1
    `,
    reach.among('pod1', 'pod2', 'pod3').holds(),
    uniqueAddress.all().holds(),

    ...stage('from outside: a key on the LAN', 'This is the IP address we use to access the kubernetes node, ssh etc,.'),
    ...on('admin')`
      mkdir -p /run/ssh
      ssh-keygen -q -t ed25519 -N '' -f /run/ssh/key
      socat TCP-LISTEN:8022,fork,reuseaddr OPEN:/run/ssh/key.pub,rdonly >/run/ssh/served 2>&1 &
    `,
    reach('admin', 'node1').holds(),
    // A pod's address leads nowhere from the LAN: the machine there has no route to the internal network.
    reach('admin', 'pod1').fails('no-route', 'admin'),

    ...stage('from outside: ssh to the node'),
    // The server runs as the user who logs in: where podwire itself has no root, nothing in its nodes may change users.
    ...on('node1')`
      mkdir -p /run/ssh/.ssh
      timeout 5 sh -c 'until socat -u TCP:192.168.1.100:8022 - >/run/ssh/.ssh/authorized_keys 2>/dev/null; do sleep 0.02; done'
      dropbearkey -t ed25519 -f /run/ssh/host
      sed '$ a admin:x:22000:22000::/run/ssh:/bin/bash' /etc/passwd >/run/ssh/passwd
      mount --bind /run/ssh/passwd /etc/passwd
      sysctl -w net.ipv4.ip_unprivileged_port_start=22
      unshare --user --map-user=22000 --map-group=22000 dropbear -E -s -r /run/ssh/host -P /run/ssh/pid
    `,
    runs('admin')`
      ssh-keyscan -t ed25519 192.168.1.2 >/run/ssh/known 2>/dev/null
      ssh -i /run/ssh/key -o UserKnownHostsFile=/run/ssh/known -o BatchMode=yes -l admin 192.168.1.2 'echo $(hostname) at \${SSH_CONNECTION}'
    `.prints('node1 at 192.168.1.100', '192.168.1.2 22'),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
