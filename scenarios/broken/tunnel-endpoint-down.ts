// Flannel's VXLAN backend, where node2’s end of the tunnel is down.
import {on, reach, stage} from 'podwire'
import flannel from '../flannel-vxlan.ts'

const {solution: _, ...working} = flannel

export default {
  ...working,
  title: 'Flannel, VXLAN: node2’s end of the tunnel is down',
  shows: [],
  steps: [
    ...working.steps,
    ...working.checks,
    ...stage('the fault'),
    ...on('node2')`
      ip link set flannel.1 down
    `,
  ],
  checks: [
    reach('pod1', 'pod3').fails('tunnel-endpoint-down', 'node2'),
    reach('pod3', 'pod1').fails('tunnel-endpoint-down', 'node2'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
