// A claim as one would say it: what runs where, and what is expected of it.
import test from 'ava'
import {claimWords} from '../../harness/checks/claim-words.ts'
import type {Claim} from '../../harness/model.ts'
import {noNat, reach, runs, uniqueAddress, wire} from '../../harness/scenario.ts'

const of = (declared: {readonly claim: unknown}) => claimWords(declared.claim as Claim)

test('a command says what it should print, or fail with, and in which time', (t) => {
  t.is(of(runs('node1')`ip route show`.prints('0').within(10_000)), "node1# ip route show prints '0' within 10 s")
  t.is(of(runs('node1')`ip route show`.prints('a', 'b')), "node1# ip route show prints 'a', 'b'")
  t.is(of(runs('node1')`ip route show`.prints("it's")), 'node1# ip route show prints "it\'s"')
  t.is(of(runs('pod1')`ping 10.0.0.1`.fails('message too long').within(500)), 'pod1# ping 10.0.0.1 fails: message too long within 500 ms')
  t.is(of(runs('pod1')`ping 10.0.0.1`.holds()), 'pod1# ping 10.0.0.1')
})

test('other claims say of whom they are, and what they should fail by', (t) => {
  t.is(of(reach.all()), 'reach')
  t.is(of(reach('pod1', 'pod3').fails('no-route', 'node1').within(1_500)), 'reach pod1 -> pod3 fails: no-route at node1 within 1500 ms')
  t.is(of(reach.among('pod1', 'pod3').holds()), 'reach among pod1, pod3')
  t.is(of(noNat.all()), 'no-nat')
  t.is(of(uniqueAddress.all()), 'unique-address')
  t.is(of(wire('pod1', 'pod3').carries({encapsulation: 'vxlan', vni: 7, inner: ['10.0.0.1', '10.0.0.2']})), 'wire pod1 -> pod3: vxlan 7')
})
