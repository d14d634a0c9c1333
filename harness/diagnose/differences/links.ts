// Devices that are gone, down, moved to another bridge, or set otherwise. Pure.
import type {LinkFacts, NamespaceFacts} from '../../facts/facts.ts'
import type {Cause} from '../../model.ts'
import type {Change, Scene} from './change.ts'
import {withLink} from './links-as-were.ts'
import {addressLines, isKernels} from './restoring.ts'
import {tunnelChange} from './tunnels.ts'

/** Devices that come with their other half, or are the kernel's own. */
export function linkChanges(scene: Scene): Change[] {
  const {was, is, inside, macs, fixedMacs, place, drawn} = scene
  return was.links.flatMap((old): Change[] => {
    const link = is.links.find(({name}) => name === old.name)
    if (!link) {
      const renamed = renamedTo(old, was, is)
      return [
        {
          kind: 'link',
          cause: old.kind === 'vxlan' ? 'tunnel-endpoint-down' : old.kind === 'bridge' ? 'bridge-missing' : 'interface-missing',
          object: old.name,
          device: old.name,
          evidence: renamed ? `${renamed.name} was called ${old.name}` : `there was a device ${old.name}`,
          undo: renamed ? nameBack(old, renamed, place.netns) : [],
          ...(!renamed && {missing: true as const}),
          ...(!renamed && (old.kind === 'tun' || old.kind === 'tap') && {process: true as const}),
          revert: (now) => ({
            ...now,
            links: [...now.links.filter(({name}) => name !== renamed?.name).map((each) => onBridge(each, renamed?.name, old.name)), old],
          }),
        },
      ]
    }
    const tunnel = tunnelChange(scene, old, link)
    if (tunnel) return [tunnel]
    const change = (cause: Cause, evidence: string, undo: string, part: Partial<LinkFacts>, bridges?: NamespaceFacts): Change => ({
      kind: 'link',
      cause,
      object: old.name,
      device: old.name,
      evidence,
      undo: [undo],
      revert: (now) => withBridgeMtu(withLink(old.name, part)(now), old, bridges),
    })
    const found: Change[] = []
    if (old.up && !link.up) {
      const cause =
        old.kind === 'vxlan' ? 'tunnel-endpoint-down' : old.kind === 'bridge' ? 'bridge-down' : old.port ? 'peer-down' : 'interface-down'
      found.push({
        ...change(cause, `${old.name} was up`, `ip ${inside}link set dev ${old.name} up`, {}),
        revert: (now) => raised(now, old, was),
      })
    }
    // A bridge takes the smallest MTU of its ports.
    const follows =
      old.kind === 'bridge' &&
      is.links.some(
        ({master, mtu, name}) =>
          master === old.name && mtu === link.mtu && was.links.some((port) => port.name === name && port.mtu !== mtu),
      )
    if (link.mtu < old.mtu && !follows)
      found.push(
        change(
          'mtu-too-small',
          `the MTU of ${old.name} was ${old.mtu}`,
          `ip ${inside}link set dev ${old.name} mtu ${old.mtu}`,
          {mtu: old.mtu},
          was,
        ),
      )
    // A bridge without a fixed address takes one of its ports'.
    if (old.mac !== link.mac && old.kind !== 'bridge' && macs.filter((mac) => mac === link.mac).length > 1)
      found.push({
        ...change('duplicate-mac', `${old.name} had ${old.mac}`, `ip ${inside}link set dev ${old.name} address ${old.mac}`, {mac: old.mac}),
        object: `${old.name} ${link.mac}`,
      })
    // Others have fixed entries for it: nobody asks in such a tunnel, and switches are told.
    if (
      old.mac !== link.mac &&
      ((old.kind === 'vxlan' && fixedMacs.has(old.mac)) || (drawn && old.kind === 'veth' && place.netns !== undefined))
    )
      found.push({
        ...change('neighbour-wrong', `${old.name} had ${old.mac}`, `ip ${inside}link set dev ${old.name} address ${old.mac}`, {
          mac: old.mac,
        }),
        object: `${old.name} ${link.mac}`,
      })
    if (old.arp && !link.arp)
      found.push({
        ...change('arp-suppressed', `${old.name} asked and answered ARP`, `ip ${inside}link set dev ${old.name} arp on`, {arp: true}),
        revert: (now) => withoutMadeUp(withLink(old.name, {arp: true})(now), old.name),
      })
    if (link.xdp !== undefined && old.xdp === undefined)
      found.push({
        ...change(
          'xdp-drop',
          `${old.name} had no XDP program`,
          `ip ${inside}link set dev ${old.name} ${link.xdpMode === 'generic' ? 'xdpgeneric' : 'xdp'} off`,
          {},
        ),
        revert: withoutXdp(old.name),
      })
    return found
  })
}

/** The same device by another name. */
function renamedTo({mac, kind}: LinkFacts, was: NamespaceFacts, is: NamespaceFacts): LinkFacts | undefined {
  return is.links.find((link) => link.mac === mac && link.kind === kind && !was.links.some(({name}) => name === link.name))
}

function onBridge(link: LinkFacts, now: string | undefined, old: string): LinkFacts {
  return now !== undefined && link.master === now ? {...link, master: old} : link
}

/** Its routes come back by themselves, as far as they are still there; what went when it was set down does not. */
function nameBack(old: LinkFacts, now: LinkFacts, netns: string | undefined): string[] {
  const ip = netns === undefined ? 'ip' : `ip -n ${netns}`
  const gone = old.addresses.filter(({address}) => !isKernels(address, old.mac) && !now.addresses.some((each) => each.address === address))
  return [
    `${ip} link set dev ${now.name} name ${old.name}`,
    ...(old.up && !now.up ? [`${ip} link set dev ${old.name} up`] : []),
    ...addressLines(netns, old.name, gone),
  ]
}

function withBridgeMtu(now: NamespaceFacts, {master}: LinkFacts, was: NamespaceFacts | undefined): NamespaceFacts {
  const bridge = was?.links.find(({name}) => name === master)
  return bridge ? withLink(bridge.name, {mtu: bridge.mtu})(now) : now
}

function withoutXdp(name: string) {
  return (now: NamespaceFacts): NamespaceFacts => ({
    ...now,
    links: now.links.map((each) => {
      const {xdp: _, ...rest} = each
      return each.name === name ? rest : each
    }),
  })
}

/** A device that asks nobody takes its own address for everybody's (arp_constructor): that goes once it asks again. */
function withoutMadeUp(now: NamespaceFacts, device: string): NamespaceFacts {
  return {...now, neighbours: now.neighbours.filter(({dev, state}) => dev !== device || state !== 'NOARP')}
}

/** A port is disabled while it or its bridge is down, and forwards again once both are up (br_stp_enable_port). */
function raised(now: NamespaceFacts, old: LinkFacts, was: NamespaceFacts): NamespaceFacts {
  const links = withLink(old.name, {up: true, carrier: old.carrier})(now).links.map((link): LinkFacts => {
    const before = was.links.find(({name}) => name === link.name)
    const rises = link.port?.state === 'disabled' && before?.port && [link.name, link.master].includes(old.name)
    return rises && link.port ? {...link, port: {...link.port, state: before.port.state}} : link
  })
  return {...now, links}
}
