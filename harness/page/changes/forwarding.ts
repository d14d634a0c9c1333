// What leads packets: routes, rules, and entries that somebody has fixed, as ip(8) and bridge(8) write them. Pure.
import {isFixedOn} from '../../diagnose/differences/fdb.ts'
import {isFixed} from '../../diagnose/differences/neighbours.ts'
import type {FdbFacts, NamespaceFacts, RuleFacts} from '../../facts/facts.ts'
import {routeLine} from '../../facts/routes.ts'
import {ruleWords} from '../../trace/routing.ts'
import {joined, type Line, NAMESPACE, type Sort} from './line.ts'

export const ROUTES: Sort = {
  what: 'routes',
  tools: ['ip'],
  lines: ({routes}) =>
    routes.filter(({family, to}) => family === 4 || !/^(fe80|ff00)/.test(to)).map((route) => ({text: `route ${routeLine(route)}`})),
}

export const RULES: Sort = {
  what: 'rules',
  tools: ['ip'],
  lines: ({rules}) => ([4, 6] as const).flatMap((family) => rules[family].map((rule) => ruleLine(rule, family))),
}

function ruleLine(rule: RuleFacts, family: 4 | 6): Line {
  const words = ruleWords(rule)
  const text = `${family === 6 ? 'IPv6 ' : ''}rule ${words}`
  return EVERYWHERE.includes(words) ? {text, of: NAMESPACE} : {text}
}

/** ip-rule(8): what every namespace begins with. */
const EVERYWHERE: readonly string[] = ['0: from all lookup local', '32766: from all lookup main', '32767: from all lookup default']

/** What the kernel learns and forgets by itself is none of them. */
export const NEIGHBOURS: Sort = {
  what: 'fixed neighbours',
  tools: ['ip'],
  lines: ({neighbours, links}) =>
    neighbours
      // A device that asks nobody has entries for all whom it sends to.
      .filter(
        (each) => each.proxy || (isFixed(each) && !(each.state === 'NOARP' && links.some(({name, arp}) => name === each.dev && !arp))),
      )
      .map(({address, dev, mac, state, proxy}) => ({
        text: joined([`neighbour ${address} dev ${dev}`, mac !== undefined && `lladdr ${mac}`, proxy ? 'proxy' : state]),
      })),
}

export const FDB: Sort = {
  what: 'fixed forwarding entries',
  tools: ['bridge'],
  lines: (here) => here.fdb.filter((entry) => isTold(entry, here)).map((entry) => ({text: fdbWords(entry), dev: entry.dev})),
}

function isTold(entry: FdbFacts, here: NamespaceFacts): boolean {
  return entry.remote === undefined ? isFixedOn(entry, here) : entry.permanent || entry.external === true
}

function fdbWords({mac, dev, remote, master, local, external}: FdbFacts): string {
  const how = external ? 'extern_learn' : local ? 'permanent' : 'static'
  return joined([`fdb ${mac} dev ${dev}`, remote !== undefined && `dst ${remote}`, master !== undefined && `master ${master}`, how])
}
