// Devices as ip-link(8) and bridge(8) write what is set of them, and their addresses. Pure.

import {portFlags} from '../../diagnose/differences/restoring.ts'
import type {LinkFacts, NamespaceFacts} from '../../facts/facts.ts'
import {joined, type Line, type Sort} from './line.ts'

export const DEVICES: Sort = {
  what: 'devices with their MTU, MAC addresses, addresses, bridges, port flags and tunnels',
  tools: ['ip'],
  lines: ({links}) => links.flatMap((link) => linesOf(link, links).map((line) => ({...line, dev: link.name}))),
}

function linesOf(link: LinkFacts, links: NamespaceFacts['links']): Line[] {
  const {name, addresses} = link
  const held = addresses
    .filter(({address}) => !/^(127\.|::1$|fe80:)/.test(address))
    .map(({address, prefixLength}) => ({text: `${address}/${prefixLength} on ${name}`}))
  // Every namespace has one.
  return name === 'lo' ? held : [...deviceLines(link), ...macOf(link, links), ...held]
}

function deviceLines(link: LinkFacts): Line[] {
  const {name, lower, kind, mtu, up, master, arp, xdp, xdpMode, vxlan, port} = link
  const texts = [
    joined([`device ${name}${lower === undefined ? '' : `@${lower}`}`, kind !== '' && `(${kind})`]).concat(`, mtu ${mtu}`),
    up && `${name} is up`,
    master !== undefined && `${name} is a port of ${master}`,
    !arp && `${name} arp off`,
    xdp !== undefined && `${name} runs an XDP program, id ${xdp}${xdpMode === 'generic' ? ', xdpgeneric' : ''}`,
    vxlan && `${name} ${vxlanWords(vxlan)}`,
    ...portFlags(link).map((flag) => `${name} ${flag}`),
    port?.suppress && `${name} neigh_suppress on`,
    // Without a carrier, or on a bridge that is down, a port is disabled by itself.
    port && !['forwarding', 'disabled'].includes(port.state) && `${name} state ${port.state}`,
    ...bridgeWords(link),
  ]
  return texts.flatMap((text) => (typeof text === 'string' ? [{text}] : []))
}

function vxlanWords({id, port, local, remote, dev, learning, external}: NonNullable<LinkFacts['vxlan']>): string {
  return joined([
    `vxlan ${external ? 'external' : `id ${id}`}`,
    remote !== undefined && `remote ${remote}`,
    local !== undefined && `local ${local}`,
    dev !== undefined && `dev ${dev}`,
    `dstport ${port}`,
    !learning && 'nolearning',
  ])
}

/** A bridge waits for 15 s by itself (IEEE 802.1D); it does only where it runs the spanning tree. */
function bridgeWords({name, bridge}: LinkFacts): (string | false)[] {
  if (!bridge) return []
  const {stp, vlanFiltering, forwardDelay} = bridge
  return [
    stp && joined([`${name} stp_state 1`, forwardDelay !== undefined && `forward_delay ${forwardDelay}`]),
    vlanFiltering && `${name} vlan_filtering 1`,
  ]
}

/** A bridge takes the address of one of its ports by itself, and has none without ports. */
function macOf({name, mac, kind}: LinkFacts, links: NamespaceFacts['links']): Line[] {
  const isTaken = () => mac === '00:00:00:00:00:00' || links.some(({master, mac: own}) => master === name && own === mac)
  return kind === 'bridge' && isTaken() ? [] : [{text: `${name} link/ether ${mac}`, of: `mac ${name}`}]
}
