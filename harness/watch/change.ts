// What a monitor said, and whether it is a change of the lab: probing itself moves neighbour entries, and a watched packet has
// tables of podwire's own. Pure.

export const TOOLS = ['ip', 'nft', 'tc'] as const
export type Tool = (typeof TOOLS)[number]

/** Something that changed in the kernel's state of one namespace, in the words of the monitor that saw it. */
export interface Change {
  readonly node: string
  /** `-` is the machine's own namespace. */
  readonly netns: string
  readonly tool: Tool
  readonly line: string
}

/** Where nothing is heard of changes: there they are seen when all is looked at, every now and then. */
export interface Deaf {
  readonly node: string
  readonly netns?: string
  readonly tool?: string
  readonly why: string
  /** It is started again. */
  readonly again: boolean
}

/**
 * Neighbours that the kernel learns and forgets by itself are no change: each probe moves some. Fixed ones are, and static entries
 * of a bridge's or tunnel's forwarding database, which `ip monitor` has among them (NOARP); groups are the kernel's own, too.
 */
export function isChange({tool, line}: Pick<Change, 'tool' | 'line'>): boolean {
  if (tool === 'nft') return !line.startsWith('# new generation') && !/^(add|delete) \w+ \w+ podwire_[0-9a-f]+\b/.test(line)
  if (tool !== 'ip' || !line.startsWith('[NEIGH]')) return true
  return /\b(PERMANENT|NOARP)\b/.test(line) && !/ lladdr (01:00:5e|33:33):/.test(line)
}
