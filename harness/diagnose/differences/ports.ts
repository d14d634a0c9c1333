// Ports of bridges that are on another bridge or none, or that do not pass frames as they did; bridges that run the spanning
// tree now. Pure.
import type {LinkFacts, NamespaceFacts} from '../../facts/facts.ts'
import type {Change, Scene} from './change.ts'
import {withLink, withMaster} from './links-as-were.ts'
import {portFlags} from './restoring.ts'

export function portChanges(scene: Scene): Change[] {
  const {was, is} = scene
  return was.links.flatMap((old): Change[] => {
    const link = is.links.find(({name}) => name === old.name)
    if (!link) return []
    return [...enslaved(scene, old, link), ...settings(scene, old, link), ...spanningTree(scene, old, link)]
  })
}

/** A bridge that is gone, or has another name, has let its ports go. */
function enslaved({is, was, place, inside, run}: Scene, old: LinkFacts, link: LinkFacts): Change[] {
  if (old.master === link.master || (old.master !== undefined && !is.links.some(({name}) => name === old.master))) return []
  const line = `ip ${inside}link set dev ${old.name} ${old.master === undefined ? 'nomaster' : `master ${old.master}`}`
  const flags = portFlags(old)
  // A bridge that was made for it, and that nothing else is on, goes again.
  const other = link.master !== undefined && !was.links.some(({name}) => name === link.master) ? link.master : undefined
  const alone = is.links.filter(({master}) => master === other).length === 1
  return [
    {
      kind: 'link',
      cause: 'port-not-enslaved',
      object: old.name,
      device: old.name,
      evidence: `${old.name} was on ${old.master ?? 'no bridge'} at ${place.name}`,
      undo: [
        line,
        ...(flags.length > 0 ? [`${run}bridge link set dev ${old.name} ${flags.join(' ')}`] : []),
        ...(other !== undefined && alone ? [`ip ${inside}link del dev ${other}`] : []),
      ],
      revert: (now) => ({...now, links: now.links.map((each) => (each.name === old.name ? withMaster(each, old) : each))}),
    },
  ]
}

function settings({run, place}: Scene, old: LinkFacts, {port, name}: LinkFacts): Change[] {
  const had = old.port
  if (!port || !had) return []
  const change = (
    cause: Change['cause'],
    evidence: string,
    words: readonly string[],
    part: Partial<NonNullable<LinkFacts['port']>>,
  ): Change => ({
    kind: 'link',
    cause,
    object: name,
    device: name,
    evidence: `${evidence} ${name} at ${place.name}`,
    undo: [`${run}bridge link set dev ${name} ${words.join(' ')}`],
    revert: (now) => {
      const own = now.links.find((each) => each.name === name)?.port
      return own ? withLink(name, {port: {...own, ...part}})(now) : now
    },
  })
  const found: Change[] = []
  if (port.isolated && !had.isolated) found.push(change('port-isolated', 'not isolated was', ['isolated off'], {isolated: false}))
  if (had.hairpin && !port.hairpin) found.push(change('hairpin-off', 'hairpin was on at', ['hairpin on'], {hairpin: true}))
  const learns = [...(had.learning && !port.learning ? ['learning on'] : []), ...(had.flood && !port.flood ? ['flood on'] : [])]
  const asks = [
    ...(had.broadcast && !port.broadcast ? ['bcast_flood on'] : []),
    ...(had.multicast && !port.multicast ? ['mcast_flood on'] : []),
  ]
  const {learning, flood, broadcast, multicast} = had
  // Who is asked for hears nothing: what else is not flooded went with it.
  if (had.broadcast && !port.broadcast)
    found.push(change('neighbour-unresolved', 'broadcasts reached', [...learns, ...asks], {learning, flood, broadcast, multicast}))
  else if (learns.length > 0)
    found.push(change('fdb-wrong', 'it learned from, and flooded to,', [...learns, ...asks], {learning, flood, broadcast, multicast}))
  return found
}

/** A port that waits, by itself or because its bridge runs the spanning tree now (IEEE 802.1D). */
function spanningTree({was, is, inside, run}: Scene, old: LinkFacts, link: LinkFacts): Change[] {
  if (old.bridge && link.bridge && !old.bridge.stp && link.bridge.stp) {
    const held = is.links.filter((port) => port.master === link.name && isHeld(port, is) && wasForwarding(port, was))
    const delay =
      old.bridge.forwardDelay === link.bridge.forwardDelay || old.bridge.forwardDelay === undefined
        ? ''
        : ` forward_delay ${old.bridge.forwardDelay}`
    return [
      {
        kind: 'link',
        cause: 'stp-listening',
        object: held[0]?.name ?? link.name,
        device: link.name,
        evidence: `${link.name} had no spanning tree`,
        // The ports would go on waiting for what is left of the forward delay.
        undo: [
          `ip ${inside}link set dev ${link.name} type bridge stp_state 0${delay}`,
          ...held.map(({name}) => `${run}bridge link set dev ${name} state 3`),
        ],
        revert: (now) => ({...now, links: now.links.map((each) => unblocked(each, old))}),
      },
    ]
  }
  const bridge = is.links.find(({name}) => name === link.master)
  if (!old.port || !wasForwarding(link, was) || !isHeld(link, is) || bridge?.bridge?.stp) return []
  return [
    {
      kind: 'link',
      cause: 'stp-listening',
      object: old.name,
      device: old.name,
      evidence: `${old.name} was forwarding`,
      undo: [`${run}bridge link set dev ${old.name} state 3`],
      revert: (now) => {
        const own = now.links.find(({name}) => name === old.name)?.port
        return own ? withLink(old.name, {port: {...own, state: 'forwarding'}})(now) : now
      },
    },
  ]
}

/** `disabled` is what a port is without a carrier, or on a bridge that is down: what took that away is the cause. */
function isHeld({port, carrier, master}: LinkFacts, {links}: NamespaceFacts): boolean {
  if (!port) return false
  if (['listening', 'learning', 'blocking'].includes(port.state)) return true
  return port.state === 'disabled' && carrier && links.some(({name, up}) => name === master && up)
}

function wasForwarding({name}: LinkFacts, {links}: NamespaceFacts): boolean {
  return links.some((link) => link.name === name && link.port?.state === 'forwarding')
}

function unblocked(link: LinkFacts, bridge: LinkFacts): LinkFacts {
  if (link.name === bridge.name && bridge.bridge) return {...link, bridge: bridge.bridge}
  return link.master === bridge.name && link.port ? {...link, port: {...link.port, state: 'forwarding'}} : link
}
