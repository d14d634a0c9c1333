// A laptop, the minikube VM behind it that is the node, and pods in the VM: which address reaches what.
//
//   [phone] 192.168.1.50 == 192.168.1.0/24 == 192.168.1.100 [laptop] 192.168.49.1
//                           (home network)                     |
//                                               192.168.49.0/24  (the hypervisor's network)
//                                                              |
//                    pod1 10.244.0.2 --+                       |
//                                      +-- v-net-0 10.244.0.1 [minikube] 192.168.49.2
//                    pod2 10.244.0.3 --+
import {noNat, on, reach, runs, scenario, stage, uniqueAddress} from 'podwire'

export default scenario({
  title: 'minikube: a laptop on one network, the VM that is the node behind it, pods in the VM',
  shows: [
    'if we are using minikube setup (IP address of the minikube VM inside hypervisor will be considered, laptop may be having different IP)',
  ],
  underlay: '192.168.49.0/24',
  nodes: {minikube: '192.168.49.2'},
  hosts: {
    laptop: ['192.168.49.1', '192.168.1.100'],
    phone: {node: 'laptop', address: '192.168.1.50'},
  },
  pods: {
    pod1: {node: 'minikube', address: '10.244.0.2'},
    pod2: {node: 'minikube', address: '10.244.0.3'},
  },
  steps: [
    ...stage('the home network: the laptop and a phone'),
    ...on('laptop')`
      ip netns add phone
      ip link add wlan0 type veth peer name wlan0-phone
      ip addr add 192.168.1.100/24 dev wlan0
      ip link set dev wlan0 up
      ip link set wlan0-phone netns phone
      ip -n phone addr add 192.168.1.50/24 dev wlan0-phone
      ip -n phone link set dev wlan0-phone up
    `,
    reach('laptop', 'phone').holds(),
    // The laptop has two addresses: the home network knows it by one, the VM by the other.
    runs('laptop')`ip -brief addr`.prints('192.168.49.1/24', '192.168.1.100/24'),

    ...stage('the VM, and pods in it'),
    ...on('minikube')`
      ip link add v-net-0 type bridge
      ip link set dev v-net-0 up
      ip addr add 10.244.0.1/24 dev v-net-0
      ip netns add pod1
      ip link add veth-pod1 type veth peer name veth-pod1-br
      ip link set veth-pod1 netns pod1
      ip link set dev veth-pod1-br master v-net-0 up
      ip -n pod1 addr add 10.244.0.2/24 dev veth-pod1
      ip -n pod1 link set veth-pod1 up
      ip -n pod1 route add default via 10.244.0.1
      ip netns add pod2
      ip link add veth-pod2 type veth peer name veth-pod2-br
      ip link set veth-pod2 netns pod2
      ip link set dev veth-pod2-br master v-net-0 up
      ip -n pod2 addr add 10.244.0.3/24 dev veth-pod2
      ip -n pod2 link set veth-pod2 up
      ip -n pod2 route add default via 10.244.0.1
    `,
    // The node is found at the VM's address, not at the laptop's, and a pod's address is known inside the VM alone.
    reach('laptop', 'minikube').holds(),
    reach('laptop', 'pod1').fails('no-route', 'laptop'),
    reach('phone', 'minikube').fails('no-route', 'phone'),
    reach('minikube', 'pod1').holds(),

    ...stage('a route to the pods on the laptop: what minikube tunnel adds'),
    ...on('minikube')`
      sysctl -w net.ipv4.ip_forward=1
    `,
    ...on('laptop')`
      ip route add 10.244.0.0/24 via 192.168.49.2
    `,
    reach('laptop', 'pod1').holds(),
    noNat('laptop', 'pod1').holds(),
    reach('phone', 'pod1').fails('no-route', 'phone'),

    ...stage('the home network comes in through the laptop, if the laptop forwards'),
    ...on('laptop')`
      ip -n phone route add 192.168.49.0/24 via 192.168.1.100
    `,
    reach('phone', 'minikube').fails('forwarding-off', 'laptop'),

    ...stage('and if the VM knows the way back'),
    ...on('laptop')`
      sysctl -w net.ipv4.ip_forward=1
    `,
    reach('phone', 'minikube').fails('no-return-route', 'minikube'),

    ...stage('a default route in the VM, as a hypervisor gives it'),
    ...on('minikube')`
      ip route add default via 192.168.49.1
    `,
    reach('phone', 'minikube').holds(),
    noNat('phone', 'minikube').holds(),
  ],
  checks: [
    reach.all(),
    noNat.all(),
    uniqueAddress.all(),
    reach('laptop', 'pod2').holds(),
    reach('phone', 'pod1').fails('no-route', 'phone'),
  ],
})
