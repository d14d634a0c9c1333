// What is wrong with a claim: that it names what there is not, or could hold or fail whatever the lab does.
import {familyOf, isUnicast, sameHost} from '../address.ts'
import {
  CAUSES,
  type Cause,
  type Claim,
  ENCAPSULATIONS,
  PACKET_SIZES,
  type Place,
  PROTOCOLS,
  placesAfter,
  type Scenario,
  type SourceLine,
} from '../model.ts'
import {type Problem, suggestion, unknownPlace} from './problem.ts'
import {checkLine} from './shell.ts'

/** How each kind of claim is written. */
const WRITTEN: Readonly<Record<Claim['check'], string>> = {
  reach: 'reach',
  'no-nat': 'noNat',
  'unique-address': 'uniqueAddress',
  'own-subnet': 'ownSubnet',
  hops: 'hops',
  command: 'runs',
  wire: 'wire',
}

/** What else than a missing answer a claim fails for: there is no packet to follow, and so no place to name. */
const FAILS_FOR: Readonly<Partial<Record<Claim['check'], readonly Cause[]>>> = {
  'no-nat': ['source-nat', 'destination-nat'],
  'unique-address': ['duplicate-address', 'address-missing'],
  'own-subnet': ['overlapping-subnets'],
}

/**
 * Every claim, with the places as they are meant to be where it stands.
 * @param sound nothing is amiss with the places themselves: what follows from their addresses is worth telling
 */
export function checkClaims(scenario: Scenario, sound: boolean): Problem[] {
  const {stages, claims} = scenario
  const check = (claim: Claim, after: number) => checkClaim(claim, placesAfter(scenario, after), sound)
  return [
    ...stages.flatMap((stage, index) => stage.claims.flatMap((claim) => [...check(claim, index + 1), ...checkTime(claim, true)])),
    ...claims.flatMap((claim) => [...check(claim, stages.length), ...checkTime(claim, false)]),
  ]
}

function checkClaim(claim: Claim, places: readonly Place[], sound: boolean): Problem[] {
  const names = places.map(({name}) => name)
  const named = namedIn(claim)
  const unknown = [...new Set(named.places)].filter((name) => !names.includes(name)).map((name) => unknownPlace(name, names, claim.source))
  const targets = [...new Set(named.targets).difference(new Set(named.places))].filter((name) => !names.includes(name))
  const problems = [...unknown, ...targets.flatMap((target) => checkTarget(claim, target, places)), ...checkFailure(claim)]
  if (claim.check === 'command') problems.push(...checkCommand(claim))
  if (claim.check === 'wire') problems.push(...checkWire(claim))
  if (isPairless(claim)) problems.push({code: 'no-pairs', message: 'the claim is of no pair of places', source: claim.source})
  const strangers = sound && problems.length === 0 ? strangersIn(claim, places) : undefined
  if (strangers)
    problems.push({
      code: 'no-common-family',
      message: `no packet can go from ${strangers[0].name} to ${strangers[1].name}: they share no address family`,
      source: claim.source,
      note: strangers.map(({name, addresses}) => `${name} is at ${addresses.join(' and ')}`).join(', '),
      help: 'give both an address of one family, or leave that pair out',
    })
  return problems
}

/** A target that is no place's name: an address that no place is meant to have, or one that should fail. */
function checkTarget(claim: Claim, target: string, places: readonly Place[]): Problem[] {
  const {source} = claim
  if (familyOf(target) === undefined) {
    if (!/^\d+(\.\d+)+(\/.*)?$|:/.test(target))
      return [
        unknownPlace(
          target,
          places.map(({name}) => name),
          source,
        ),
      ]
    const help = target.includes('/') ? 'write it without a prefix length, like 10.244.1.2' : 'write it like 10.244.1.2 or fd00:10:244:1::2'
    return [{code: 'bad-address', message: `${target} is no address`, source, help}]
  }
  if (!isUnicast(target))
    return [
      {
        code: 'address-not-usable',
        message: `${target} is no address that an interface can be reached at`,
        source,
        help: 'choose a unicast address, like 10.244.1.2',
      },
    ]
  const holder = places.find(({addresses}) => addresses.some((address) => sameHost(address, target)))
  if (!holder || fallsShort(claim)) return []
  const from = 'from' in claim ? claim.from : undefined
  return [
    {
      code: 'address-of-a-place',
      message: `${target} is the address of ${holder.name}`,
      source,
      note: 'only by its name is it seen that the packets arrive there; one address of several may be claimed to fail: .fails(...)',
      help: `name the place: ${WRITTEN[claim.check]}('${[from].flat()[0] ?? 'pod1'}', '${holder.name}')`,
    },
  ]
}

function fallsShort(claim: Claim): boolean {
  return 'fails' in claim && claim.fails !== undefined
}

function checkFailure(claim: Claim): Problem[] {
  if (!('fails' in claim) || !claim.fails) return []
  const {source, check} = claim
  const {cause, at} = claim.fails
  const possible = FAILS_FOR[check]
  // `unknown` is what a diagnosis says when it has no cause: as a claim it would hold for any failure.
  if (!CAUSES.includes(cause) || cause === 'unknown')
    return [
      {
        code: 'unknown-cause',
        message: `${cause} is no cause that a failure is named by`,
        source,
        help: suggestion(cause, possible ?? CAUSES),
      },
    ]
  if (!possible) return []
  const help = `write ${possible.map((one) => `.fails('${one}')`).join(' or ')}`
  if (!possible.includes(cause)) return [{code: 'never-holds', message: `${WRITTEN[check]} never fails for ${cause}`, source, help}]
  if (at === undefined) return []
  return [{code: 'never-holds', message: `${WRITTEN[check]} fails at no place, so not at ${at}`, source, help}]
}

function checkCommand({command, exit, prints, source}: Extract<Claim, {check: 'command'}>): Problem[] {
  const problems: Problem[] =
    command === '' ? [{code: 'empty-command', message: 'there is no command to run', source}] : checkLine(command, source)
  if (prints.some((text) => text.trim() === '') || (exit === 'failure' && prints.length === 0))
    problems.push({
      code: 'no-words',
      message:
        exit === 'failure' ? 'a command can fail for many reasons, and no words are named' : 'no words are named, and any output would do',
      source,
      help:
        exit === 'failure'
          ? "name the words that it prints: .fails('Network is unreachable')"
          : "name the words that it prints: .prints('10.244.1.2'), or claim .holds()",
    })
  return problems
}

/** A time counts from what a stage did, and what is read of addresses alone does not come by waiting. */
function checkTime(claim: Claim, atStage: boolean): Problem[] {
  if (!('within' in claim) || claim.within === undefined) return []
  const {source, check} = claim
  if (check !== 'command' && check !== 'reach' && check !== 'no-nat')
    return [{code: 'never-late', message: `${WRITTEN[check]} is not waited for`, source, help: 'leave out .within(...)'}]
  if (atStage) return []
  return [
    {
      code: 'never-late',
      message: 'a time counts from the last line of a stage, and this is claimed at the end',
      source,
      help: 'write the claim among the steps, below what should bring it about',
    },
  ]
}

/** What any packet would satisfy, or none could. */
function checkWire({carries, source}: Extract<Claim, {check: 'wire'}>): Problem[] {
  const {encapsulation, inner, outer, port, vni, answerVni} = carries
  const problems: Problem[] = []
  for (const address of [...inner, ...(outer ?? [])])
    if (familyOf(address) !== 4)
      problems.push({
        code: 'bad-address',
        message: `${address} is no IPv4 address`,
        source,
        help: 'write it without a prefix length, like 10.244.1.2',
      })
  const numbered = encapsulation === 'vxlan' || encapsulation === 'geneve'
  const wanted = encapsulation === 'none' ? [] : ['outer', 'port', ...(numbered ? ['vni'] : [])]
  const said = Object.entries({outer, port, vni, answerVni}).flatMap(([key, value]) => (value === undefined ? [] : [key]))
  const missing = wanted.filter((key) => !said.includes(key))
  const beyond = said.filter((key) => !wanted.includes(key) && !(numbered && key === 'answerVni'))
  if (missing.length > 0)
    problems.push({
      code: 'too-little',
      message: `the wire carries ${encapsulation}, and its ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not named`,
      source,
      help: "like {encapsulation: 'vxlan', vni: 1, port: 8472, outer: ['192.168.1.11', '192.168.1.12'], inner: ['10.244.1.2', '10.244.2.2']}",
    })
  if (beyond.length > 0)
    problems.push({
      code: 'never-holds',
      message: `where the encapsulation is ${encapsulation} there is no ${beyond.join(' and no ')}`,
      source,
      help: `leave out ${beyond.join(' and ')}`,
    })
  return problems
}

function namedIn(claim: Claim): {places: readonly string[]; targets: readonly string[]} {
  if (claim.check === 'command') return {places: [claim.place], targets: []}
  if (claim.check === 'hops') return {places: [claim.from, claim.to], targets: []}
  if (claim.check === 'wire') return {places: [claim.from, claim.to, ...(claim.at ? [claim.at.place] : [])], targets: []}
  if ('places' in claim) return {places: claim.places ?? [], targets: []}
  const at = claim.check === 'reach' && claim.fails?.at !== undefined ? [claim.fails.at] : []
  if (claim.check === 'reach' || claim.check === 'no-nat') return {places: [...(claim.from ?? []), ...at], targets: claim.to ?? []}
  return {places: at, targets: []}
}

/** A claim about one place and itself, or about a list of one. */
function isPairless(claim: Claim): boolean {
  switch (claim.check) {
    case 'hops':
    case 'wire':
      return claim.from === claim.to
    case 'unique-address':
    case 'own-subnet':
      return claim.places !== undefined && new Set(claim.places).size < 2
    case 'reach':
    case 'no-nat':
      return claim.from !== undefined && !claim.from.some((from) => claim.to?.some((to) => to !== from))
    default:
      return false
  }
}

/** Two places that the claim sends packets between, and that no packet can go between: they would count as if it had. */
function strangersIn(claim: Claim, places: readonly Place[]): [Place, Place] | undefined {
  if (claim.check !== 'reach' && claim.check !== 'no-nat' && claim.check !== 'hops' && claim.check !== 'wire') return undefined
  const cluster = places.filter(({kind}) => kind !== 'host')
  const among = (names: string | readonly string[] | undefined): readonly Place[] =>
    names === undefined ? cluster : places.filter(({name}) => [names].flat().includes(name))
  for (const from of among(claim.from)) for (const to of among(claim.to)) if (from !== to && !shareFamily(from, to)) return [from, to]
  return undefined
}

function shareFamily(a: Place, b: Place): boolean {
  return a.addresses.some((one) => b.addresses.some((other) => familyOf(one) === familyOf(other)))
}

/**
 * A claim that was written with too little or with another kind of value, told at its own line in the words of who wrote it.
 * @param path where in the declaration something is amiss
 * @returns undefined when that is not within a claim
 */
export function claimProblem(declared: unknown, path: readonly string[]): Problem | undefined {
  const [list = '', index = '', , key = ''] = path
  if ((list !== 'steps' && list !== 'checks') || path[2] !== 'claim') return undefined
  const written = (declared as Record<string, {claim?: Partial<Record<string, unknown>>}[]>)[list]?.[Number(index)]?.claim
  const check = String(written?.check) as Claim['check']
  const source = written?.source as SourceLine | undefined
  const name = WRITTEN[check]
  if (written === undefined || source === undefined || name === undefined) return undefined
  const nested = key === 'fails' || (key === 'carries' && path[4] !== undefined)
  const value = nested ? (written[key] as {[key: string]: unknown} | undefined)?.[path[4] ?? ''] : written[key]
  return {code: 'bad-value', source, ...wordsFor(name, key, path[4], value)}
}

function wordsFor(name: string, key: string, inner: string | undefined, value: unknown): Pick<Problem, 'message' | 'help'> {
  const given = typeof value === 'string' ? JSON.stringify(value) : String(value)
  if (key === 'fails' && inner === 'at') return {message: `${given} is no place’s name`, help: "like .fails('no-route', 'node1')"}
  if (key === 'fails')
    return value === undefined
      ? {message: `${name} fails for a cause, and none is named`, help: "name the cause: .fails('no-route')"}
      : {message: `${given} is no cause that a failure is named by`, help: "name the cause: .fails('no-route')"}
  if (key === 'within') return {message: `${given} is no time`, help: 'a whole number of milliseconds, 1 or more: .within(5_000)'}
  if (key === 'carries') return wordsForWire(inner, value)
  if (key === 'at') return {message: 'a place and a device of it are expected here', help: "like wire('pod1', 'pod3', 'spine1/eth1')"}
  if (key === 'routers')
    return value === undefined
      ? {message: 'hops does not say how many routers are crossed', help: 'add how many: .are(2)'}
      : {message: `${given} is no number of routers`, help: 'a whole number, 0 or more: .are(2)'}
  if (key === 'only') return {message: `${given} are no packets`, help: `there is ${[...PROTOCOLS, ...PACKET_SIZES].join(', ')}`}
  if (key === 'from' || key === 'to')
    return {
      message: `${name} needs two places: where the packets come from, and where they go to`,
      help: LIKE[name] ?? `like ${name}('pod1', 'pod2')`,
    }
  if (key === 'prints') return {message: 'what a command prints is claimed by texts', help: "like .prints('10.244.1.2')"}
  if (key === 'place') return {message: 'runs needs the place at which the command runs', help: "like runs('pod1')`ip addr`"}
  return {message: `${name} takes names of places`, help: `like ${name}.among('pod1', 'pod2')`}
}

const LIKE: Readonly<Record<string, string>> = {
  hops: "like hops('pod1', 'pod2').are(2)",
  wire: "like wire('pod1', 'pod2').carries({encapsulation: 'none', inner: ['10.244.1.2', '10.244.2.2']})",
}

/** The parts of a packet on the wire. */
const PARTS = ['encapsulation', 'inner', 'outer', 'port', 'vni', 'answerVni'] as const

/** @param part of the format; undefined for all of it */
function wordsForWire(part: string | undefined, value: unknown): Pick<Problem, 'message' | 'help'> {
  const given = JSON.stringify(value) ?? String(value)
  if (part === undefined) return {message: 'wire does not say what is carried', help: `${LIKE.wire}`}
  if (!(PARTS as readonly string[]).includes(part)) return {message: `a packet on the wire has no ${part}`, help: suggestion(part, PARTS)}
  if (part === 'encapsulation')
    return value === undefined
      ? {message: 'wire does not say in what the packet is carried', help: `add encapsulation: one of ${ENCAPSULATIONS.join(', ')}`}
      : {message: `${given} is no encapsulation that is told apart`, help: suggestion(String(value), ENCAPSULATIONS)}
  if (part === 'port' || part === 'vni' || part === 'answerVni')
    return {
      message: `${given} is no ${part}`,
      help: part === 'port' ? 'a whole number, 1 to 65535: 8472' : 'a whole number, 0 to 16777215: 1',
    }
  return {
    message: `${part} is two addresses: where the packet comes from, and where it goes to`,
    help: `like ${part}: ['10.244.1.2', '10.244.2.2']`,
  }
}
