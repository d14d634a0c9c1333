// A daemon that has ended: it is told where only it brings back what is gone, with the line that starts it.
import test from 'ava'
import {startsDaemon, typedLine} from '../../harness/daemons.ts'
import {linesThatStart} from '../../harness/diagnose/daemon-fix.ts'
import {diagnose} from '../../harness/diagnose/diagnose.ts'
import type {DaemonFacts, Facts} from '../../harness/facts/facts.ts'
import {parseFacts} from '../../harness/facts/parse.ts'
import type {Probe} from '../../harness/model.ts'
import {changedAt} from '../tools/changed-facts.ts'
import {PLACES, PROBED, recordedFacts, recordedProbes} from '../tools/recorded.ts'

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

/** Daemons at the others have what node2 tells of its pods; of those that have not any more. */
function toldOf(...without: readonly string[]): Facts {
  const to = '10.244.2.0/24'
  return new Map(
    [...recordedFacts()].map(([name, here]): [string, typeof here] => {
      if (!here || (name !== 'node1' && name !== 'node3')) return [name, here]
      const by = here.routes.map((each) => (each.to === to ? {...each, details: 'proto bird', daemon: 'bird'} : each))
      const sessions = [{local: `192.168.1.1${name.at(-1)}`, remote: '192.168.1.12'}]
      return [name, {...here, sessions, routes: without.includes(name) ? by.filter((each) => each.to !== to) : by}]
    }),
  )
}

test('what a running daemon took back is one fault of whoever told it, and no route is typed', (t) => {
  const diagnosesOf = (...without: readonly string[]) => {
    const facts = toldOf(...without)
    const probes = recordedProbes('healthy').map((probe) =>
      without.some((name) => PLACES.find((place) => place.name === probe.from)?.node === name) && probe.address === '10.244.2.2'
        ? {...probe, answered: false}
        : probe,
    )
    return diagnose({places: PLACES, facts, before: toldOf(), probes, mtu: PROBED.mtu, history: []})
  }
  t.deepEqual(diagnosesOf(), [])
  const [all, ...more] = diagnosesOf('node1', 'node3')
  t.deepEqual(
    [all?.cause, all?.where, all?.fix, more],
    ['no-route', {node: 'node2', netns: null, object: 'proto bird 10.244.2.0/24'}, [], []],
  )
  t.deepEqual([...new Set(all?.pairs.map((pair) => pair.split(' ')[0]))], ['pod1', 'pod2', 'pod4', 'node1', 'node3'])
  t.true(
    all?.evidence.includes(
      `there was 10.244.2.0/24 via 192.168.1.12 dev eth0: the daemon at node1 and node3 that had brought it (proto bird) has taken it back; the BGP session with 192.168.1.12 is established; node2 (192.168.1.12) tells it no more`,
    ),
    all?.evidence.join('\n'),
  )
  // Where one alone lost it, nobody knows on which side.
  const [one, ...others] = diagnosesOf('node1')
  t.deepEqual(
    [one?.cause, one?.where.node, one?.where.object, one?.fix, others],
    ['no-route', 'node1', '10.244.2.0/24 via 192.168.1.12 dev eth0', [], []],
  )
  t.true(one?.evidence.some((line) => line.includes('node3 has it by 192.168.1.12 still')))
})

test('a daemon that reads no file of its own is configured again once all have started', (t) => {
  const line = (name: string) => typedLine(`/usr/lib/frr/${name} -f /dev/null`, {name, place: 'node1'})
  const [zebra, bgpd, boot] = [line('zebra'), line('bgpd'), 'vtysh --config_dir /run/aci -b']
  const typed = ['vtysh -c "clear log"', zebra, bgpd, 'ip link set eth0 up', boot, 'vtysh -c "show version"', LINE]
  const history = typed.map((command) => ({node: 'node1', command}))
  const again = (...names: readonly string[]) =>
    linesThatStart(
      names.map((name) => ({place: 'node1', name})),
      [],
      {places: PLACES, history},
    ).map(({command}) => command)
  t.deepEqual(again('bgpd'), [bgpd, boot])
  t.deepEqual(again('bgpd', 'zebra'), [zebra, bgpd, boot])
  t.deepEqual(again('bird'), [LINE])
  t.deepEqual(again('isisd'), [])
})
