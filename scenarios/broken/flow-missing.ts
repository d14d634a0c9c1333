// OVN, where the switch of node3 has lost its flows, and the agent that would tell it again has stopped.
import {on, reach, stage} from 'podwire'
import ovn from '../nsx-ovn.ts'

const {solution: _, ...working} = ovn

export default {
  ...working,
  title: 'NSX, by OVN: the switch of node3 has lost its flows, and nobody tells it again',
  shows: [],
  steps: [
    ...working.steps,
    ...working.checks,
    ...stage('the fault'),
    ...on('node3')`
      kill -STOP $(cat /run/podwire/ovn-controller.pid)
      ovs-ofctl del-flows br-int
    `,
  ],
  checks: [
    reach('pod1', 'pod4').fails('flow-missing', 'node3'),
    reach('pod4', 'pod1').fails('flow-missing', 'node3'),
    reach.among('pod1', 'pod2', 'pod3'),
  ],
}
