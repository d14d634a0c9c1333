// Where it ran, on what, and how long each part took.
import type {ComponentChildren} from 'preact'
import {milliseconds} from '../../report/duration.ts'
import type {Store} from '../store.ts'
import {Part} from './common.tsx'

export function About({store}: {readonly store: Store}) {
  const run = store.run.value
  if (!run) return null
  const {driver, lab, scenario, made, times} = run
  return (
    <Part id="about" title="Machine and versions">
      <dl class="about">
        <Row name="lab">{lab}</Row>
        <Row name="scenario">{scenario.file}</Row>
        {scenario.solution !== undefined && <Row name="ready network">{scenario.solution}</Row>}
        {driver && (
          <Row name="driver">
            {driver.name} ({driver.reason}): {driver.description}
          </Row>
        )}
        {made && (
          <>
            <Row name="podwire">{made.podwire}</Row>
            <Row name="machine">
              {made.kernel}, {made.architecture}, {made.processors} processors, {(made.memory / 2 ** 30).toFixed(1)} GiB
            </Row>
            {made.nodes?.map(({nodes, kernel, iproute2, nftables}) => (
              <Row key={nodes.join(' ')} name={nodes.join(', ')}>
                {[kernel, iproute2 && `iproute2 ${iproute2}`, nftables && `nftables ${nftables}`].filter(Boolean).join(', ') || 'not told'}
              </Row>
            ))}
            <Row name="Node.js">{made.node}</Row>
            <Row name="made">
              <time dateTime={new Date(made.at).toISOString()}>
                {new Date(made.at).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')}
              </time>
            </Row>
          </>
        )}
        <Row name="underlay">{scenario.underlay}</Row>
        {store.mtu.value !== undefined && <Row name="full packet">{store.mtu.value} bytes</Row>}
        <Row name="times">
          {Object.entries(times)
            .map(([name, time]) => `${name === 'startUp' ? 'start-up' : name} ${milliseconds(time)}`)
            .join(', ')}
        </Row>
        {store.result.value?.machines?.map(({node, machine, left, undone}) => (
          <Row key={node} name={node}>
            {machine}: {left.length > 0 ? `NOT as it was: ${left.join('; ')}` : `as it was, ${undone.length} changes undone`}
          </Row>
        ))}
      </dl>
    </Part>
  )
}

function Row({name, children}: {readonly name: string; readonly children: ComponentChildren}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
