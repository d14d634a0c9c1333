// One way of a packet: each place that it passes, the route that it takes there, and how it ended.
import type {Hop, Trace} from '../../trace.ts'

interface WayProps {
  readonly title: string
  readonly trace: Trace
  readonly source: string
  readonly destination: string
}

export function Way({title, trace, source, destination}: WayProps) {
  const {hops, ended, at, evidence, doubts} = trace
  const delivered = ended === 'delivered'
  return (
    <div class={`way ${delivered ? 'pass' : 'fail'}`}>
      <h4>
        {title}{' '}
        <code>
          {source} → {destination}
        </code>{' '}
        <span class={`verdict ${delivered ? 'pass' : ended === 'unknown' ? 'unknown' : 'fail'}`}>
          {delivered ? '✓ delivered' : `${ended === 'unknown' ? '?' : '✗'} ${ended} at ${at}`}
        </span>
      </h4>
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
      <p class="evidence">{evidence}</p>
      {doubts.map((doubt) => (
        <p key={doubt.evidence} class="dim">
          not judged: {doubt.evidence}
        </p>
      ))}
    </div>
  )
}

function HopRow({hop, trace, last}: {readonly hop: Hop; readonly trace: Trace; readonly last: boolean}) {
  const {place, route, rule} = hop
  const stopped = last && trace.ended !== 'delivered' && trace.at === place
  return (
    <li class={stopped ? 'hop stopped' : 'hop'}>
      <b>{place}</b> {route === undefined ? <span class="dim">{stopped ? 'goes no further' : 'arrives'}</span> : <code>{route}</code>}
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
    </li>
  )
}
