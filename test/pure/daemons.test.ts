// A daemon that has ended: it is told where only it brings back what is gone, with the line that starts it.
import test from 'ava'
import {startsDaemon, typedLine} from '../../harness/daemons.ts'
import {diagnose} from '../../harness/diagnose/diagnose.ts'
import type {DaemonFacts, Facts} from '../../harness/facts/facts.ts'
import {parseFacts} from '../../harness/facts/parse.ts'
import type {Probe} from '../../harness/model.ts'
import {changedAt} from '../tools/changed-facts.ts'
import {PLACES, PROBED, recordedProbes} from '../tools/recorded.ts'

const BIRD = {name: 'bird', place: 'node2'}
const LINE = typedLine('bird -f', BIRD)
const ENDED = 'the daemon bird at node2 has ended: there is no process 7 any more'
const ROUTE = '10.244.1.0/24'

/** Two nodes with a session, by which node2 was told of node1's pods; of its daemon as it is said. */
function lab(works: boolean, bird?: DaemonFacts): Facts {
  const session = {local: '192.168.1.12', remote: '192.168.1.11'}
  return changedAt('node2', ({routes}) => ({
    routes: works ? routes.map((each) => (each.to === ROUTE ? {...each, daemon: 'bird'} : each)) : routes.filter(({to}) => to !== ROUTE),
    sessions: works ? [session] : [],
    ...(bird && {daemons: [bird]}),
  }))
}

function told(now: Facts, before: Facts) {
  const probes = recordedProbes('healthy').map((probe) =>
    probe.from === 'pod3' && probe.to === 'pod1' ? {...probe, answered: false} : probe,
  )
  const history = [{node: 'node2', command: LINE}]
  const [first] = diagnose({places: PLACES, facts: now, before, probes, mtu: PROBED.mtu, history})
  return [first?.cause, first?.evidence.includes(ENDED), first?.fix.map(({where, command}) => `${where}# ${command}`)]
}

test('the line of a daemon keeps its process, and is known as its own', (t) => {
  t.is(LINE, "setsid bash -c 'echo $$ >/run/podwire/bird.pid; exec bird -f' </dev/null >>/run/podwire/bird.log 2>&1 &")
  t.true(startsDaemon(LINE, 'bird'))
  t.false(startsDaemon(LINE, 'bir'))
})

test('facts have the daemons of a machine, and of what is no list of them none', (t) => {
  const facts = (line: string) => parseFacts(['[]', '[]', ...Array.from({length: 21}, () => ''), line])?.daemons
  t.deepEqual(facts('7\tbird.pid\truns\v9\tbird6.pid\tended\v'), [
    {name: 'bird', pid: 7, runs: true},
    {name: 'bird6', pid: 9, runs: false},
  ])
  t.is(facts(''), undefined)
  t.is(facts('namespace\tpod1'), undefined)
})

test('a session that went with its daemon is brought back by starting that; where it runs, nobody knows by what', (t) => {
  const bird = {name: 'bird', pid: 7, runs: true}
  const ended = {...bird, runs: false}
  t.deepEqual(told(lab(false, ended), lab(true, bird)), ['bgp-session-down', true, [`node2# ${LINE}`]])
  t.deepEqual(told(lab(false, bird), lab(true, bird)), ['bgp-session-down', false, []])
  // It had ended before already.
  t.deepEqual(told(lab(false, ended), lab(true, ended)), ['bgp-session-down', false, []])
})

test('a route that somebody has taken is told without those that a session took along', (t) => {
  const facts = lab(false)
  const here = facts.get('node2')
  const now = here ? new Map(facts).set('node2', {...here, routes: here.routes.filter(({to}) => to !== '10.244.3.0/24')}) : facts
  const lost = ({from, address}: Probe) => from === 'pod3' && /^10\.244\.[13]\./.test(address)
  const probes = recordedProbes('healthy').map((probe) => (lost(probe) ? {...probe, answered: false} : probe))
  const diagnoses = diagnose({places: PLACES, facts: now, before: lab(true), probes, mtu: PROBED.mtu, history: []})
  const objects = diagnoses.map(({cause, where}) => `${cause} ${where.object}`).sort()
  t.deepEqual(objects, ['bgp-session-down BGP 192.168.1.11 - 192.168.1.12', 'no-route 10.244.3.0/24 via 192.168.1.13 dev eth0'])
})
