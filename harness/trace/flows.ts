// What a flow switch says it would do with a packet: the text of `ovs-appctl ofproto/trace --names` (ovs-vswitchd(8)), read. Its
// last lines tell what the datapath does, in the end and after each look into the connections; the lines before them, flow by flow,
// tell why. Pure.

/** What leaves a switch by one device. */
export interface Output {
  readonly device: string
  /** MAC addresses, where flows have written others over them. */
  readonly source?: string
  readonly destination?: string
  /** The time to live that flows have written. */
  readonly ttl?: number
  /** Put into a tunnel of the switch's own. */
  readonly tunnel?: Tunnel
  /** It is an answer to an ARP request, with this MAC address. */
  readonly answer?: string
}

export interface Tunnel {
  /** Addresses of its ends, and their MAC addresses. */
  readonly source: string
  readonly destination: string
  readonly from: string
  readonly to: string
  /** UDP. */
  readonly port: number
  readonly vni: number
  /** Geneve's first option, in hexadecimal. */
  readonly option?: string
  /** What it takes. */
  readonly bytes: number
}

export interface Answer {
  readonly outputs: readonly Output[]
  /** A tunnel's packet is taken out, and looked at again as what it carries. */
  readonly ends?: string
  /** It is handed to whoever tells the switch of flows. */
  readonly controller: boolean
  /** Whose MAC address the switch does not know, and asks for first (RFC 826): the other end of a tunnel. */
  readonly asked?: string
  /** The flow that was met last. */
  readonly last?: Flow
}

export interface Flow {
  /** `br-int table=16 priority=2001,ip,…`; the table alone where no flow matched. */
  readonly words: string
  /** A flow says to drop it: not the one for whatever no other matched. */
  readonly drops: boolean
  /** What the switch remarks on it: `no live bucket`. */
  readonly remarks: readonly string[]
}

/** @returns undefined for what is no such text: the switch has refused, or is of another kind */
export function answerFrom(text: string): Answer | undefined {
  const actions = [...text.matchAll(/^Datapath actions: (.*)$/gm)].flatMap(([, list = '']) => topLevel(list))
  if (!/^Datapath actions: /m.test(text)) return undefined
  const ends = actions.map((action) => /^tnl_pop\((.*)\)$/.exec(action)?.[1]).find((device) => device !== undefined)
  const last = lastFlow(text)
  const asked = /neighbor cache miss for (\S+)/.exec(text)?.[1]
  return {
    outputs: outputsOf(actions, {}),
    ...(asked !== undefined && {asked}),
    ...(ends !== undefined && {ends}),
    controller: actions.some((action) => action.startsWith('userspace(') && action.includes('controller(')),
    ...(last && {last}),
  }
}

/** What is between commas, but those inside of brackets. */
function topLevel(list: string): string[] {
  const parts: string[] = []
  let [depth, start] = [0, 0]
  for (const [index, letter] of [...list].entries()) {
    if (letter === '(' || letter === '{') depth++
    if (letter === ')' || letter === '}') depth--
    if (letter === ',' && depth === 0) {
      parts.push(list.slice(start, index))
      start = index + 1
    }
  }
  return [...parts, list.slice(start)]
}

/** Words with a bracket behind them are actions; one alone is the device that it leaves by (ovs-actions(7), odp). */
function outputsOf(actions: readonly string[], before: Omit<Output, 'device'>): Output[] {
  let now = before
  const outputs: Output[] = []
  for (const action of actions) {
    const [, word = action, inside] = /^(\w+)\((.*)\)$/.exec(action) ?? []
    if (word === 'clone' && inside !== undefined) outputs.push(...outputsOf(topLevel(inside), now))
    else if (word === 'set' && inside !== undefined) now = {...now, ...written(inside)}
    else if (word === 'tnl_push' && inside !== undefined) now = {...now, ...pushed(inside)}
    else if (inside === undefined && !['drop', 'ct_clear', 'pop_vlan'].includes(word))
      outputs.push({...now, device: word.replaceAll('"', '')})
  }
  return outputs
}

function written(header: string): Omit<Output, 'device'> {
  const of = (key: string) => new RegExp(`[(,]${key}=([^,)/]+)`).exec(header)?.[1]
  if (header.startsWith('arp(')) {
    const answer = of('sha')
    return answer === undefined ? {} : {answer}
  }
  const [source, destination, ttl] = [of('src'), of('dst'), of('ttl')]
  if (header.startsWith('ipv4(') || header.startsWith('ipv6(')) return ttl === undefined ? {} : {ttl: Number(ttl)}
  if (!header.startsWith('eth(')) return {}
  return {...(source !== undefined && {source}), ...(destination !== undefined && {destination})}
}

function pushed(text: string): Omit<Output, 'device'> {
  const [, source = '', destination = ''] = /ipv[46]\(src=([^,]+),dst=([^,]+)/.exec(text) ?? []
  const [, to = '', from = ''] = /eth\(dst=([^,]+),src=([^,]+)/.exec(text) ?? []
  const port = Number(/udp\(src=\d+,dst=(\d+)/.exec(text)?.[1] ?? 0)
  const [vni, bytes, option] = [/vni=(0x[0-9a-f]+)/, /size=(\d+)/, /options\(\{[^}]*len=\d+,(0x[0-9a-f]+)/].map(
    (each) => each.exec(text)?.[1],
  )
  return {
    tunnel: {source, destination, from, to, port, vni: Number(vni ?? 0), bytes: Number(bytes ?? 0), ...(option !== undefined && {option})},
  }
}

/** ` 8. metadata=0x1, priority 50, cookie 0xa12ad59c`, `73. No match.` */
const FLOW = /^\s*(\d+)\. (?:(No match)\.|(.*?)(?:, )?priority (\d+)(?:, cookie \S+)?)$/

/** The lines are in the order in which flows were met, and what leads nowhere beside the way is followed by the way itself. */
function lastFlow(text: string): Flow | undefined {
  const lines = text.split('\n')
  const at = lines.findLastIndex((line) => FLOW.test(line))
  const [, table = '', none, match = '', priority = '0'] = FLOW.exec(lines[at] ?? '') ?? []
  if (at < 0) return undefined
  const bridge = /^\s*bridge\("(.+)"\)$/.exec(lines.slice(0, at).findLast((line) => line.includes('bridge("')) ?? '')?.[1] ?? ''
  const after = lines.slice(at + 1)
  const end = after.findIndex((line) => line.trim() === '')
  const said = after.slice(0, end < 0 ? undefined : end).map((line) => line.trim())
  return {
    words: `${bridge} table=${table}${none === undefined ? ` priority=${priority}${match === '' ? '' : `,${match}`}` : ''}`,
    drops: none === undefined && Number(priority) > 0 && said[0] === 'drop',
    remarks: said.flatMap((line) => (line.startsWith('-> ') && !/ is now /.test(line) ? [line.slice(3)] : [])),
  }
}
