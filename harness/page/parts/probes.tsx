// What a pair's packets did: each exchange with what its receiver saw.
import type {Probe} from '../../model.ts'
import {milliseconds} from '../../report/duration.ts'
import {VerdictMark, Wide} from './common.tsx'

export function Probes({probes}: {readonly probes: readonly Probe[]}) {
  if (probes.length === 0) return null
  return (
    <Wide label="What its packets did">
      <table class="probes">
        <caption>what its packets did</caption>
        <thead>
          <tr>
            <th scope="col">packet</th>
            <th scope="col">answer</th>
            <th scope="col">the receiver saw</th>
            <th scope="col">the sender saw</th>
          </tr>
        </thead>
        <tbody>
          {probes.map((probe) => (
            <Row key={`${probe.address} ${probe.protocol} ${probe.size}`} probe={probe} />
          ))}
        </tbody>
      </table>
    </Wide>
  )
}

function Row({probe}: {readonly probe: Probe}) {
  const {protocol, size, address, answered, error, rtt, ttl, request, reply} = probe
  return (
    <tr>
      <th scope="row">
        {protocol} {size} <span class="dim">{address}</span>
      </th>
      <td>
        <VerdictMark
          verdict={answered === null ? 'unknown' : answered ? 'pass' : 'fail'}
          word={answered ? (rtt === undefined ? 'answered' : milliseconds(rtt)) : (error ?? 'no answer')}
        />
      </td>
      <td>
        <Seen passage={request} />
        {ttl !== undefined && <span class="dim"> ttl {ttl}</span>}
      </td>
      <td>
        <Seen passage={reply} />
      </td>
    </tr>
  )
}

/** Source and port, and whether they and the destination are those that were sent. */
function Seen({passage: {sent, seen, seenAt}}: {readonly passage: Probe['request']}) {
  if (!seen) return <span class="dim">nothing</span>
  const changed = sent && [
    ...(sent.source === seen.source && sent.sourcePort === seen.sourcePort ? [] : [`${sent.source} ${sent.sourcePort} was sent`]),
    ...(sent.destination === seen.destination && sent.destinationPort === seen.destinationPort
      ? []
      : [`to ${seen.destination} ${seen.destinationPort}, sent to ${sent.destination} ${sent.destinationPort}`]),
  ]
  return (
    <span>
      <code>
        {seen.source} {seen.sourcePort}
      </code>{' '}
      {changed?.length === 0 && <span class="dim">unchanged</span>}
      {changed?.map((words) => (
        <span key={words} class="verdict fail">
          ✗ {words}
        </span>
      ))}
      {seenAt !== undefined && <span class="unseen"> at {seenAt}</span>}
    </span>
  )
}
