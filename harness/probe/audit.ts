// The audit table that agent.pl keeps in every place, as `nft -j list table` prints it (libnftables-json(5)).

/** One echo, as it was sent or seen. RFC 792 has the identifier; fping sets it to its process id. */
export interface Echo {
  readonly source: string
  readonly destination: string
  readonly id: number
  /** Only of what was seen. */
  readonly ttl?: number
}

/** What one place sent and saw. A kind that is missing could not be read. */
export interface IcmpAudit {
  readonly requestsSent: readonly Echo[]
  readonly requestsSeen: readonly Echo[]
  readonly repliesSent: readonly Echo[]
  readonly repliesSeen: readonly Echo[]
}

type Field = string | number
interface ListedSet {
  name: string
  elem?: ({concat: Field[]} | {elem: {val: {concat: Field[]}}})[]
}

/** @param json what nft printed; an entry an echo, in no order. Undefined when it is no such listing. */
export function readAudit(json: string): IcmpAudit | undefined {
  let listing: {nftables: {set?: ListedSet}[]}
  try {
    listing = JSON.parse(json) as typeof listing
  } catch {
    return undefined
  }
  const sets = new Map(listing.nftables.flatMap(({set}) => (set ? [[set.name, echoes(set)] as const] : [])))
  const of = (name: string) => sets.get(name) ?? []
  return {
    requestsSent: of('requests_sent'),
    requestsSeen: of('requests_seen'),
    repliesSent: of('replies_sent'),
    repliesSeen: of('replies_seen'),
  }
}

function echoes(set: ListedSet): Echo[] {
  return (set.elem ?? []).map((element) => {
    const [source, destination, id, ttl] = 'concat' in element ? element.concat : element.elem.val.concat
    return {source: String(source), destination: String(destination), id: Number(id), ...(ttl !== undefined && {ttl: Number(ttl)})}
  })
}
