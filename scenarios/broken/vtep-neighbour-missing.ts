// Flannel's VXLAN backend, where node1 is not told the MAC address of node2’s end of the tunnel.
import {on, reach, stage} from 'podwire'
import flannel from '../flannel-vxlan.ts'

const {solution: _, ...working} = flannel

export default {
  ...working,
  title: 'Flannel, VXLAN: node1 is not told the MAC address of node2’s end of the tunnel',
  shows: [],
  steps: [
    ...working.steps,
    ...working.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip neigh del 10.244.2.0 dev flannel.1
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('vtep-neighbour-missing', 'node1'),
    reach('pod3', 'pod1').fails('vtep-neighbour-missing', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
