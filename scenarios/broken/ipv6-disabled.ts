// Three nodes with IPv4 and IPv6, where IPv6 is off in pod1.
import {on, reach, stage} from 'podwire'
import dualStack from '../dual-stack.ts'

export default {
  ...dualStack,
  title: 'IPv6 is off in pod1',
  shows: [],
  steps: [
    ...dualStack.steps,
    ...dualStack.checks,
    ...stage('the fault'),
    ...on('node1')`
      ip netns exec pod1 sysctl -w net.ipv6.conf.all.disable_ipv6=1
    `,
  ],
  checks: [
    reach('pod1', 'fd00:10:244:2::2').fails('ipv6-disabled', 'pod1'),
    reach('pod3', 'fd00:10:244:1::2').fails('ipv6-disabled', 'pod1'),
    reach.among('pod2', 'pod3', 'pod4'),
  ],
}
