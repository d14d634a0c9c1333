// One way of a packet: each place that it passes, the route that it takes there, and how it ended.
import type {Carriage, Hop, Neighbour, Trace} from '../../trace/path.ts'

interface WayProps {
  readonly title: string
  readonly trace: Trace
  readonly source: string
  readonly destination: string
}

export function Way({title, trace, source, destination}: WayProps) {
  const {ended, at, evidence, doubts} = trace
  const delivered = ended === 'delivered'
  return (
    <div class={`way ${delivered ? 'pass' : ended === 'unknown' ? 'unknown' : 'fail'}`}>
      <h4>
        {title}{' '}
        <code>
          {source} → {destination}
        </code>{' '}
        <span class={`verdict ${delivered ? 'pass' : ended === 'unknown' ? 'unknown' : 'fail'}`}>
          {delivered ? '✓ delivered' : `${ended === 'unknown' ? '?' : '✗'} ${ended} at ${at}`}
        </span>
      </h4>
      <Hops trace={trace} />
      <p class="evidence">{evidence}</p>
      {doubts.map((doubt) => (
        <p key={doubt.evidence} class="dim">
          not judged: {doubt.evidence}
        </p>
      ))}
    </div>
  )
}

function Hops({trace}: {readonly trace: Trace}) {
  const {hops, at} = trace
  return (
    <ol class="hops">
      {hops.map((hop, index) => (
        <HopRow key={`${hop.place} ${index}`} hop={hop} trace={trace} last={index === hops.length - 1} />
      ))}
      {hops.at(-1)?.place !== at && (
        <li class="hop stopped">
          <b>{at}</b>
        </li>
      )}
    </ol>
  )
}

interface HopProps {
  readonly hop: Hop
  readonly trace: Trace
  readonly last: boolean
}

function HopRow({hop, trace, last}: HopProps) {
  const {place, route, rule, flow, neighbour, tunnels = []} = hop
  const stopped = last && trace.ended !== 'delivered' && trace.at === place
  const taken = route ?? flow
  return (
    <li class={stopped ? 'hop stopped' : 'hop'}>
      <b>{place}</b> {taken === undefined ? <span class="dim">{stopped ? 'goes no further' : 'arrives'}</span> : <code>{taken}</code>}
      {rule !== undefined && (
        <div class="dim">
          by the rule <code>{rule}</code>
        </div>
      )}
      {trace.translated
        .filter(({at}) => at === place)
        .map(({cause, by, address}) => (
          <div key={by.text} class="translated">
            {cause}
            {address !== undefined && <> to {address}</>}: <code>{`${by.family} ${by.table} ${by.chain}: ${by.text}`}</code>
          </div>
        ))}
      {neighbour && <div class="dim">{neighbourWords(neighbour, trace.ended === 'unknown')}</div>}
      {tunnels.map((carriage) => (
        <Carried key={`${carriage.from.place} ${carriage.from.dev} ${carriage.destination}`} carriage={carriage} />
      ))}
    </li>
  )
}

/** The next hop's MAC address, and how it is known. @param lost the way is not known: nor is who answers on it */
function neighbourWords({address, mac, state}: Neighbour, lost: boolean): string {
  if (mac === undefined) return `${address} is asked for, and ${lost ? 'who answers is not known' : 'nobody answers'}`
  return state === undefined ? `${address} is asked for: ${mac}` : `neighbour ${address} lladdr ${mac} ${state}`
}

/** What a tunnel puts it into, and the way of that. */
function Carried({carriage: {from, destination, entry, outer}}: {readonly carriage: Carriage}) {
  return (
    <div class="carried">
      <span class="dim">
        in {from.dev} at {from.place}, UDP{' '}
        <code>
          {outer.source ?? from.place} → {destination}
        </code>
        {entry !== undefined && (
          <>
            {' '}
            by <code>{entry}</code>
          </>
        )}
      </span>
      <Hops trace={outer} />
    </div>
  )
}
