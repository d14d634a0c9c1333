// Flannel's VXLAN backend, where node2’s end of the tunnel has VNI 2, and the others 1.
import {on, reach, stage} from 'podwire'
import flannel from '../flannel-vxlan.ts'

const {solution: _, ...working} = flannel

export default {
  ...working,
  title: 'Flannel, VXLAN: node2’s end of the tunnel has VNI 2, and the others 1',
  shows: [],
  steps: [
    ...working.steps,
    ...working.checks,
    ...stage('the fault'),
    ...on('node2')`
      ip link del flannel.1
      ip link add flannel.1 address 0a:58:0a:f4:02:00 mtu 1450 type vxlan id 2 local 192.168.1.12 dev eth0 dstport 8472 nolearning
      ip addr add 10.244.2.0/32 dev flannel.1
      ip link set flannel.1 up
      ip neigh add 10.244.1.0 lladdr 0a:58:0a:f4:01:00 dev flannel.1 nud permanent
      bridge fdb add 0a:58:0a:f4:01:00 dev flannel.1 dst 192.168.1.11 self permanent
      ip route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
      ip neigh add 10.244.3.0 lladdr 0a:58:0a:f4:03:00 dev flannel.1 nud permanent
      bridge fdb add 0a:58:0a:f4:03:00 dev flannel.1 dst 192.168.1.13 self permanent
      ip route add 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('vni-mismatch', 'node2'),
    reach('pod3', 'pod1').fails('vni-mismatch', 'node2'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
