// Translation is found by looking, not by failing: what a receiver saw is other than what was sent. Pure.
import type {Diagnosis, Probe} from '../model.ts'
import {translationOf} from '../probe/translated.ts'
import {traceTo} from '../trace.ts'
import {differencesSeen} from './difference.ts'
import type {Difference} from './differences/change.ts'
import type {Observed} from './observed.ts'

/** @param told what is diagnosed already: a broken pair is not told of twice */
export function translations(observed: Observed, told: readonly Diagnosis[]): Diagnosis[] {
  const found = new Map<string, {diagnosis: Diagnosis; pairs: Set<string>}>()
  const changes = differencesSeen(observed)
  for (const probe of observed.probes) {
    if (probe.answered !== true && told.some(({pairs}) => pairs.includes(`${probe.from} -> ${probe.to}`))) continue
    const cause = translationOf(probe)
    if (cause === undefined) continue
    const diagnosis = diagnosisOf(observed, probe, cause, changes)
    if (told.some((other) => other.cause === diagnosis.cause && isSameTable(other, diagnosis))) continue
    const key = `${diagnosis.cause} ${diagnosis.where.node} ${diagnosis.where.object}`
    const entry = found.get(key) ?? {diagnosis, pairs: new Set<string>()}
    entry.pairs.add(`${probe.from} -> ${probe.to}`)
    found.set(key, entry)
  }
  return [...found.values()].map(({diagnosis, pairs}) => ({...diagnosis, pairs: [...pairs]}))
}

/** One rule translates what still passes, and breaks what does not. */
function isSameTable({where}: Diagnosis, {where: {node, netns, object}}: Diagnosis): boolean {
  const table = (words: string) => words.split(' ').slice(0, 2).join(' ')
  return where.node === node && where.netns === netns && table(where.object) === table(object)
}

function diagnosisOf(
  {facts, places, history: _}: Observed,
  probe: Probe,
  seen: 'source-nat' | 'destination-nat' | NonNullable<ReturnType<typeof translationOf>>,
  changes: readonly Difference[],
): Diagnosis {
  const {from, to, address, protocol, request, reply} = probe
  const forward = traceTo(facts, places, from, address, {protocol})
  const by = forward.translated[0]
  const cause = by?.cause ?? seen
  const change = changes.find(
    (each) =>
      each.kind === 'filter' &&
      (each.cause === cause || each.cause === 'source-nat' || each.cause === 'destination-nat') &&
      (by === undefined || each.place === by.at),
  )
  const at = by?.at ?? change?.place ?? from
  const place = places.find(({name}) => name === at)
  const run = place?.netns === undefined ? '' : `ip netns exec ${place.netns} `
  const rule = by && `${by.by.family} ${by.by.table} ${by.by.chain} handle ${by.by.handle}`
  const said = [request, reply].flatMap(({sent, seen: got, seenAt}) =>
    sent && got && JSON.stringify(sent) !== JSON.stringify(got)
      ? [`left as ${sent.source} -> ${sent.destination}, ${seenAt} saw ${got.source} -> ${got.destination}`]
      : [],
  )
  return {
    from,
    to,
    verdict: 'fail',
    cause,
    where: {node: place?.node ?? at, netns: place?.netns ?? null, object: by ? `${rule}: ${by.by.text}` : (change?.object ?? '')},
    evidence: said,
    fix: change
      ? change.undo.map((command) => ({where: place?.node ?? at, command}))
      : rule
        ? [{where: place?.node ?? at, command: `${run}nft delete rule ${rule}`}]
        : [],
    pairs: [],
  }
}
