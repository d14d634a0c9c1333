// A pod is deleted and made again and gets another address; what used the old one fails, and later reaches somebody else.
//
//   pod1 10.244.0.2 --------------+
//   pod2 10.244.0.3, later .4 ----+-- v-net-0 10.244.0.1 [node1] 192.168.1.2
//   pod3 .3, once pod2 left it ---+
//
// The addresses are chosen by host-local, the allocator of CNI's own plugins, from 10.244.0.2 to 10.244.0.4 in turn.
import {answersAt, noNat, on, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'a pod is made again and gets another address',
  shows: [
    'accessing the other PODs using this internal IP address may not be a good idea as it subject to change when the PODs are recreated',
  ],
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.2'},
  pods: {
    pod1: {node: 'node1', address: '10.244.0.2'},
    pod2: {node: 'node1', address: '10.244.0.3'},
    pod3: {node: 'node1', address: '10.244.0.3'},
  },
  steps: [
    ...stage('an internal network, and an allocator for its addresses'),
    ...on('node1')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.0.1/24 dev v-net-0
      echo '{"cniVersion": "1.0.0", "name": "internal", "type": "bridge", "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[ \
        {"subnet": "10.244.0.0/24", "rangeStart": "10.244.0.2", "rangeEnd": "10.244.0.4", "gateway": "10.244.0.1"}]]}}' >/run/internal.json
    `,

    ...stage('two pods', 'Each POD in the kubernetes, gets its own internal IP address.'),
    ...on('node1')`
      ip netns add pod1
      ip -n pod1 link set dev lo up
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link set veth-pod1 netns pod1
      ip link set dev veth-pod1-br master v-net-0 up
      ip -n pod1 addr add $(CNI_COMMAND=ADD CNI_CONTAINERID=pod1 CNI_NETNS=/run/netns/pod1 CNI_IFNAME=veth-pod1 CNI_PATH=/usr/lib/cni \
        /usr/lib/cni/host-local </run/internal.json | jq -r '.ips[0].address') dev veth-pod1
      ip -n pod1 link set veth-pod1 up
      ip -n pod1 route add default via 10.244.0.1
      ip netns add pod2
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip link set dev veth-pod2-br master v-net-0 up
      ip -n pod2 addr add $(CNI_COMMAND=ADD CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 CNI_IFNAME=veth-pod2 CNI_PATH=/usr/lib/cni \
        /usr/lib/cni/host-local </run/internal.json | jq -r '.ips[0].address') dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip -n pod2 route add default via 10.244.0.1
      ip netns exec pod2 socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo this is pod2' >/run/pod2.log 2>&1 &
      timeout 5 sh -c 'until ip netns exec pod1 socat -u TCP:10.244.0.3:8080 - >/dev/null 2>&1; do sleep 0.02; done'
    `,
    reach.among('pod1', 'pod2').holds(),
    uniqueAddress.among('pod1', 'pod2').holds(),
    runs('pod1')`socat -u TCP:10.244.0.3:8080 -`.prints('this is pod2'),

    ...stage('pod2 is deleted', 'it subject to change when the PODs are recreated.'),
    ...on('node1')`
      CNI_COMMAND=DEL CNI_CONTAINERID=pod2 CNI_NETNS=/run/netns/pod2 CNI_IFNAME=veth-pod2 CNI_PATH=/usr/lib/cni /usr/lib/cni/host-local </run/internal.json
      ip netns pids pod2 | xargs -r kill
      ip netns del pod2
      timeout 5 sh -c 'while ip link show veth-pod2-br >/dev/null 2>&1; do sleep 0.02; done'
      ip -n pod1 neigh flush dev veth-pod1
      ip netns exec pod1 sysctl -w net.ipv4.neigh.veth-pod1.retrans_time_ms=100
    `,
    // Nobody answers for the old address any more. ARP asks three times, here every 0.1 s and not every second, and gives up;
    // the pod's kernel then tells the pod by an ICMP error of its own, which comes over lo.
    runs('pod1')`socat -u TCP:10.244.0.3:8080 -`.fails('No route to host'),
    runs('pod1')`ping -c 1 -W 2 10.244.0.3`.fails('Destination Host Unreachable'),
    reach('pod1', 'pod2').fails('pod-missing', 'pod2'),

    ...stage('pod2 is made again'),
    answersAt('pod2', '10.244.0.4'),
    ...on('node1')`
      ip netns add pod2
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip link set dev veth-pod2-br master v-net-0 up
      ip -n pod2 addr add $(CNI_COMMAND=ADD CNI_CONTAINERID=pod2-again CNI_NETNS=/run/netns/pod2 CNI_IFNAME=veth-pod2 CNI_PATH=/usr/lib/cni \
        /usr/lib/cni/host-local </run/internal.json | jq -r '.ips[0].address') dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip -n pod2 route add default via 10.244.0.1
      ip netns exec pod2 socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo this is pod2 again' >/run/pod2-again.log 2>&1 &
      timeout 5 sh -c 'until ip netns exec pod1 socat -u TCP:10.244.0.4:8080 - >/dev/null 2>&1; do sleep 0.02; done'
    `,
    reach.among('pod1', 'pod2').holds(),
    runs('pod1')`socat -u TCP:10.244.0.4:8080 -`.prints('this is pod2 again'),
    runs('pod1')`socat -u TCP:10.244.0.3:8080 -`.fails('No route to host'),

    ...stage('a new pod gets the old address'),
    // The range is used up, so the allocator begins again where something is free. Who still uses the old address now
    // reaches somebody else, and no error says so.
    ...on('node1')`
      ip netns add pod3
      ip link add veth-pod3 type veth peer name veth-pod3-br
      ip link set veth-pod3 netns pod3
      ip link set dev veth-pod3-br master v-net-0 up
      ip -n pod3 addr add $(CNI_COMMAND=ADD CNI_CONTAINERID=pod3 CNI_NETNS=/run/netns/pod3 CNI_IFNAME=veth-pod3 CNI_PATH=/usr/lib/cni \
        /usr/lib/cni/host-local </run/internal.json | jq -r '.ips[0].address') dev veth-pod3
      ip -n pod3 link set veth-pod3 up
      ip -n pod3 route add default via 10.244.0.1
      ip netns exec pod3 socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:'echo this is pod3' >/run/pod3.log 2>&1 &
      timeout 5 sh -c 'until ip netns exec pod2 socat -u TCP:10.244.0.3:8080 - >/dev/null 2>&1; do sleep 0.02; done'
      ip -n pod1 neigh flush dev veth-pod1
    `,
    runs('pod1')`socat -u TCP:10.244.0.3:8080 -`.prints('this is pod3'),
  ],
  checks: [reach.all(), noNat.all(), uniqueAddress.all()],
})
