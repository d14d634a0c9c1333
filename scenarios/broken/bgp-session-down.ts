// Calico's mesh of BGP sessions, where node2 has closed its session to node1.
import {on, reach, runs, stage} from 'podwire'
import calico from '../calico-bgp.ts'

const {solution: _, ...working} = calico

export default {
  ...working,
  title: 'Calico, BGP: node2 has closed its session to node1',
  shows: [],
  files: {
    '/run/calico/node1.conf': '../../fixtures/calico-bgp/node1.conf',
    '/run/calico/node2.conf': '../../fixtures/calico-bgp/node2.conf',
    '/run/calico/node3.conf': '../../fixtures/calico-bgp/node3.conf',
  },
  steps: [
    ...working.steps,
    ...working.checks,
    ...stage('the fault'),
    ...on('node2')`
      birdc -s /run/calico/bird.ctl disable mesh1
    `,
    runs('node1')`ip route show 10.244.2.0/26 | wc -l`.prints('0').within(10_000),
  ],
  checks: [
    reach('pod1', 'pod3').fails('bgp-session-down', 'node1'),
    reach('pod3', 'pod1').fails('bgp-session-down', 'node1'),
    reach.among('pod1', 'pod2', 'pod4'),
  ],
}
