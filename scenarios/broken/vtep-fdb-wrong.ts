// Flannel's VXLAN backend, where node1 is told that node2’s end of the tunnel is at node3.
import {on, reach, stage} from 'podwire'
import flannel from '../flannel-vxlan.ts'

const {solution: _, ...working} = flannel

export default {
  ...working,
  title: 'Flannel, VXLAN: node1 is told that node2’s end of the tunnel is at node3',
  shows: [],
  steps: [
    ...working.steps,
    ...working.checks,
    ...stage('the fault'),
    ...on('node1')`
      bridge fdb replace 0a:58:0a:f4:02:00 dev flannel.1 dst 192.168.1.13 self permanent
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('vtep-fdb-wrong', 'node1'),
    reach('pod3', 'pod1').fails('vtep-fdb-wrong', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
