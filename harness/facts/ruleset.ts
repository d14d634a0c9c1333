// An nftables ruleset as `nft -j list ruleset` prints it (libnftables-json(5)): only what filters are judged by is typed.
/** The array under `nftables`. */
export type Ruleset = readonly RulesetItem[]

export interface RulesetItem {
  readonly table?: {readonly family: string; readonly name: string}
  readonly chain?: Chain
  readonly rule?: Rule
  readonly set?: NamedSet
  readonly map?: NamedSet
}

export interface Chain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly type?: string
  readonly hook?: string
  readonly prio?: number
  readonly policy?: string
  readonly dev?: string | readonly string[]
}

export interface Rule {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly handle: number
  readonly comment?: string
  readonly expr: readonly Expression[]
}

interface NamedSet {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly elem?: readonly unknown[]
  /** dynamic: packets put elements into it; timeout: these are taken out again (nft(8), SETS). */
  readonly flags?: string | readonly string[]
}

export type Expression = Readonly<Record<string, unknown>>
