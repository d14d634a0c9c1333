// What stands beside the kernel's own tables: programs' maps, flow switches, BGP sessions, daemons, drawn networks. Pure.
import {drawnWords} from '../../diagnose/differences/drawing.ts'
import {bytes, mapsIn} from '../../diagnose/differences/programs.ts'
import {ends} from '../../diagnose/differences/sessions.ts'
import type {SwitchFacts} from '../../facts/switches.ts'
import {joined, type Line, type Sort} from './line.ts'

/** What a program remembers of the connections that it has seen (lru_hash) comes and goes. */
export const PROGRAMS: Sort = {
  what: 'eBPF programs and entries of their maps',
  tools: ['bpftool'],
  lines: ({programs = []}) => [
    ...programs.map(({name}) => ({text: `bpf: program ${name}`})),
    ...mapsIn(programs)
      .filter(({type}) => type !== 'lru_hash')
      .flatMap(({name, entries}) => entries.map(({key, value}) => ({text: `bpf: map ${name} key ${bytes(key)} value ${bytes(value)}`}))),
  ],
}

export const SWITCHES: Sort = {
  what: 'flow switches with their ports and controllers, without their flows',
  tools: ['ovs-vsctl'],
  lines: ({switches = []}) => switches.flatMap(switchLines),
}

function switchLines({bridge, secure, ports, controllers}: SwitchFacts): Line[] {
  return [
    {text: joined([`ovs: bridge ${bridge}`, secure && 'fail_mode secure']), dev: bridge},
    ...ports.map(({name, type, remote, drawn}) => ({
      text: joined([
        `ovs: ${bridge} port ${name}`,
        type !== '' && `type ${type}`,
        remote !== undefined && `remote_ip ${remote}`,
        drawn !== undefined && `iface-id ${drawn}`,
      ]),
      dev: name,
    })),
    ...controllers.map(({target, connected}) => ({
      text: `ovs: ${bridge} controller ${target}, ${connected ? 'connected' : 'not connected'}`,
      dev: bridge,
    })),
  ]
}

export const SESSIONS: Sort = {
  what: 'BGP sessions',
  tools: ['ss'],
  lines: ({sessions}) => sessions.map((session) => ({text: `BGP session ${ends(session).join(' - ')}`})),
}

export const DAEMONS: Sort = {
  what: 'daemons that run',
  tools: [],
  lines: ({daemons = []}) => daemons.map(({name, runs}) => ({text: `daemon ${name} ${runs ? 'runs' : 'has ended'}`})),
}

export const DRAWN: Sort = {
  what: 'drawn networks (OVN)',
  tools: ['ovn-nbctl'],
  lines: ({drawn = [], policies = []}) => [
    ...drawn.map((each) => ({text: `ovn: ${each.object}${drawnWords(each)}`})),
    ...policies.map(({on, direction, priority, match, action}) => ({text: `ovn: ${on} ${direction} ${priority} ${match} ${action}`})),
  ],
}
