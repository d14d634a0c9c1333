// What the nodes run: the kernel that carried the packets, and the tools that wired it and told of it. On machines of one's own, and
// in images, that is not what podwire's own machine has.
import type {Fleet} from '../driver.ts'

/** Nodes that run the same. What could not be told is absent. */
export interface Versions {
  readonly nodes: readonly string[]
  /** uname(1): `Linux 6.18.5` */
  readonly kernel?: string
  /** ip(8): `6.15.0` */
  readonly iproute2?: string
  /** nft(8): `1.1.3` */
  readonly nftables?: string
}

/** Asks every node once. Never rejects. */
export async function readVersions(fleet: Fleet, nodes: readonly string[]): Promise<Versions[]> {
  const said = await Promise.all(
    nodes.map(async (node) => {
      const {stdout} = await fleet.run(node, 'uname -sr; ip -V; nft --version', {shell: 'observer'})
      return {node, told: versionsIn(stdout.toString())}
    }),
  )
  const alike = Map.groupBy(said, ({told}) => JSON.stringify(told))
  return [...alike.values()].flatMap((group) => (group[0] ? [{nodes: group.map(({node}) => node), ...group[0].told}] : []))
}

/** From what these commands print, a line each, in whatever order. */
export function versionsIn(printed: string): Omit<Versions, 'nodes'> {
  const kernel = /^[A-Z]\w+ \d\S*$/m.exec(printed)?.[0]
  const iproute2 = /^ip utility, iproute2-(\S+?),?(?: |$)/m.exec(printed)?.[1]
  const nftables = /^nftables v(\S+)/m.exec(printed)?.[1]
  return {...(kernel && {kernel}), ...(iproute2 && {iproute2}), ...(nftables && {nftables})}
}
