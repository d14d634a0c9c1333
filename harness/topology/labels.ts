// What a picture writes into its boxes, so that its layout knows how large they are. Words, not colours: a link that is down
// says so.
import type {Connection, Device, Space} from './topology.ts'

/** `v-net-0 (bridge)`, then a line for what is wrong, then its addresses. */
export function deviceLines({name, kind, state, vni, addresses}: Device): string[] {
  const what = vni === undefined ? kind : `${kind} ${vni}`
  const wrong = state === 'down' ? ['DOWN'] : state === 'no-carrier' ? ['no carrier'] : []
  return [what === '' ? name : `${name} (${what})`, ...wrong, ...addresses]
}

/** `node1 (node), forwards` */
export function spaceTitle({name, kind, seen, forwards}: Space): string {
  const what = kind === 'namespace' ? name : `${name} (${kind})`
  if (!seen) return `${what}, not seen`
  return forwards ? `${what}, forwards` : what
}

/** Empty for what works as it should. */
export function connectionWords({up, note}: Pick<Connection, 'up' | 'note'>): string {
  if (up) return note ?? ''
  return note === undefined ? 'down' : `down: ${note}`
}
