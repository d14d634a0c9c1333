// What a network that is drawn in OVN's northbound database drops (ovn-nb(5), ACL): flows on every node come of it.
import {idsIn, rowsOf} from './switches.ts'

export interface PolicyFacts {
  /** A logical switch. */
  readonly on: string
  /** from-lport, to-lport. */
  readonly direction: string
  readonly priority: number
  readonly match: string
  /** drop, reject, allow ... */
  readonly action: string
}

/** @param texts the tables ACL and Logical_Switch, each as `ovn-nbctl -f json list` prints it */
export function policiesFrom(texts: readonly string[]): PolicyFacts[] {
  const [rules = [], switches = []] = texts.map(rowsOf)
  return switches.flatMap(({name, acls}) =>
    rules
      .filter(({_uuid}) => idsIn(acls).includes(idsIn(_uuid)[0] ?? ''))
      .map(({direction, priority, match, action}) => ({
        on: String(name),
        direction: String(direction),
        priority: Number(priority),
        match: String(match),
        action: String(action),
      })),
  )
}
