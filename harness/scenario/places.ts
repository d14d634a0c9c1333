// The places of a declaration: their names, which machine each is on, and their addresses.
import {contains, familyOf, isPrefix, isUnicast, isUsableHost, prefixLengthOf, sameHost} from '../address.ts'
import type {DeclaredScenario} from '../scenario.ts'
import {type Report, suggestion} from './problem.ts'
import {hostsOf, listOf, machinesIn} from './specify.ts'

/** Names become host names, interface names (at most 15 bytes, netdevice(7)) and file names under /run/netns. */
export const NAME = /^[a-z][a-z0-9-]{0,13}$/

/** Devices that are there already where a name becomes a device. */
const RESERVED: readonly string[] = ['lo', 'eth0', 'underlay']

export function checkNodes(scenario: DeclaredScenario, report: Report): void {
  const {underlay} = scenario
  const length = prefixLengthOf(underlay) ?? 0
  if (!isPrefix(underlay) || underlay.includes(':') || length < 8 || length > 30 || !isUnicast(underlay.split('/')[0] ?? '')) {
    report(['underlay'], {
      code: 'bad-prefix',
      message: `${underlay} is no IPv4 network that nodes can be on`,
      help: 'write it in CIDR notation, like 192.168.1.0/24, with no host bits set and a length of 8 to 30',
      ...(underlay.includes(':') && {note: 'nodes start with an IPv4 address; IPv6 addresses are given to them by steps'}),
    })
    return
  }
  const holder = new Map<string, string>()
  for (const {name, addresses, path} of machinesIn(scenario)) {
    checkName(name, path, report)
    const [address = '', ...others] = addresses
    const first = holder.get(address)
    if (familyOf(address) === undefined)
      report(path, {
        code: 'bad-address',
        message: `${name}: ${address} is no address`,
        help: 'write it without a prefix length, like 192.168.1.11',
      })
    else if (familyOf(address) === 6)
      report(path, {
        code: 'address-outside-underlay',
        message: `${name}: its first address, ${address}, is not on the underlay`,
        note: `the underlay is ${underlay}`,
        help: `put its IPv4 address first: ['${others.find((other) => familyOf(other) === 4) ?? '...'}', '${address}']`,
      })
    else if (!contains(underlay, address)) {
      report(path, {
        code: 'address-outside-underlay',
        message: `${name}: ${address} is not on the underlay`,
        note: `the underlay is ${underlay}`,
        help: nearUnderlay(underlay, address),
      })
    } else if (!isUsableHost(underlay, address)) {
      report(path, {
        code: 'address-not-usable',
        message: `${name}: ${address} is the network's own first or last address`,
        note: `the underlay is ${underlay}`,
      })
    } else if (first !== undefined) {
      report(path, {
        code: 'two-nodes-one-address',
        message: `${name} and ${first} are both at ${address}`,
        help: 'give each node an address of its own',
      })
    }
    holder.set(address, first ?? name)
    for (const other of others) checkAddress(name, other, path, report)
  }
  if (Object.keys(scenario.nodes).length === 0) report(['nodes'], {code: 'no-nodes', message: 'a scenario needs at least one node'})
}

export function checkPods(scenario: DeclaredScenario, report: Report): void {
  const nodes = Object.keys(scenario.nodes)
  for (const [name, {node, address}] of Object.entries(scenario.pods)) {
    checkName(name, ['pods', name], report)
    if (nodes.includes(name))
      report(['pods', name], {code: 'name-taken', message: `${name} is a node already`, help: 'give the pod a name of its own'})
    if (!nodes.includes(node))
      report(['pods', name, 'node'], {
        code: 'unknown-node',
        message: `pod ${name} is on ${node}, which is no node of this scenario`,
        help: suggestion(node, nodes),
      })
    for (const one of listOf(address)) {
      checkAddress(`pod ${name}`, one, ['pods', name, 'address'], report)
      const holder = machinesIn(scenario).find(({addresses}) => addresses.some((own) => sameHost(own, one)))
      if (holder)
        report(['pods', name, 'address'], {
          code: 'address-taken',
          message: `pod ${name}: ${one} is the address of ${holder.name}`,
          help: 'a pod has an address of its own',
        })
    }
  }
}

export function checkHosts(scenario: DeclaredScenario, report: Report): void {
  const taken = [...Object.keys(scenario.nodes), ...Object.keys(scenario.pods)]
  const machines = machinesIn(scenario).map(({name}) => name)
  for (const {name, node, addresses} of hostsOf(scenario)) {
    if (taken.includes(name))
      report(['hosts', name], {code: 'name-taken', message: `${name} is a node or pod already`, help: 'give the host a name of its own'})
    if (node === name) continue // checked with the nodes
    checkName(name, ['hosts', name], report)
    if (!machines.includes(node))
      report(['hosts', name, 'node'], {
        code: 'unknown-node',
        message: `host ${name} is on ${node}, which is no machine of this scenario`,
        help: suggestion(node, machines),
      })
    for (const address of addresses) checkAddress(`host ${name}`, address, ['hosts', name, 'address'], report)
  }
}

export function checkAddress(whose: string, address: string, path: readonly string[], report: Report): void {
  if (familyOf(address) === undefined)
    report(path, {
      code: 'bad-address',
      message: `${whose}: ${address} is no address`,
      help: 'write it without a prefix length, like 10.244.1.2',
    })
  else if (!isUnicast(address))
    report(path, {
      code: 'address-not-usable',
      message: `${whose}: ${address} is no address that an interface can be reached at`,
      help: 'choose a unicast address, like 10.244.1.2',
    })
}

function checkName(name: string, path: readonly string[], report: Report): void {
  if (NAME.test(name) && !RESERVED.includes(name)) return
  report(path, {
    code: 'bad-name',
    message: `${JSON.stringify(name)} cannot name a place`,
    help: NAME.test(name) ? 'that name is taken; choose another' : 'use 1 to 14 lower-case letters, digits and dashes, a letter first',
  })
}

/** 192.168.51.11 on 192.168.1.0/24 was probably meant to be 192.168.1.11. */
function nearUnderlay(underlay: string, address: string): string {
  const [network = ''] = underlay.split('/')
  const guess = [...network.split('.').slice(0, 3), address.split('.').at(-1)].join('.')
  return isUsableHost(underlay, guess) ? `did you mean ${guess}?` : `choose one in ${underlay}`
}
