// One pair: both ways hop by hop, as the kernels' state has them, what its packets did, and why it fails where it does.
import type {Live} from '../live-controls.ts'
import type {Store} from '../store.ts'
import {Part} from './common.tsx'
import {DiagnosisBox} from './diagnosis.tsx'
import {Way} from './hops.tsx'
import {LiveButtons} from './live-buttons.tsx'
import {Probes} from './probes.tsx'

export function PairPart({store, live}: {readonly store: Store; readonly live: Live}) {
  const {pair, places} = store
  if (places.value.length < 2) return null
  return (
    <Part id="pair" title="One pair, hop by hop" aside={<Choice store={store} />}>
      {pair.value ? (
        <Detail store={store} live={live} />
      ) : (
        <p class="dim">Choose a pair in the matrix, or here: its way there and back lights up in the picture.</p>
      )}
    </Part>
  )
}

function Choice({store}: {readonly store: Store}) {
  const {pair, places} = store
  const names = places.value.map(({name}) => name)
  const {from = '', to = ''} = pair.value ?? {}
  const options = (other: string) => (
    <>
      <option value="" />
      {names
        .filter((name) => name !== other)
        .map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
    </>
  )
  const choose = (a: string, b: string) => {
    if (a !== '' && b !== '') store.choose(a, b)
    else pair.value = a === '' && b === '' ? undefined : {from: a, to: b}
  }
  return (
    <div class="filters">
      <label>
        from{' '}
        <select value={from} onChange={({currentTarget}) => choose(currentTarget.value, to)}>
          {options(to)}
        </select>
      </label>
      <label>
        to{' '}
        <select value={to} onChange={({currentTarget}) => choose(from, currentTarget.value)}>
          {options(from)}
        </select>
      </label>
      <button type="button" disabled={from === '' || to === ''} onClick={() => choose(to, from)}>
        ⇄ <span class="unseen">exchange</span>
      </button>
    </div>
  )
}

function Detail({store, live}: {readonly store: Store; readonly live: Live}) {
  const {from = '', to = ''} = store.pair.value ?? {}
  const {ways, diagnoses} = store
  if (from === '' || to === '') return <p class="dim">Choose the other place, too.</p>
  return (
    <>
      <h3 class="pair-name" aria-live="polite">
        {from} → {to}
      </h3>
      <LiveButtons key={`${from} ${to}`} store={store} live={live} from={from} to={to} />
      {diagnoses.value.map((diagnosis) => (
        <DiagnosisBox
          key={`${diagnosis.cause} ${diagnosis.where.node} ${diagnosis.where.netns} ${diagnosis.where.object}`}
          diagnosis={diagnosis}
          store={store}
        />
      ))}
      <LensBar store={store} />
      {ways.value ? (
        <div class="ways">
          <Way title="there" trace={ways.value.forward} source={ways.value.forward.source ?? from} destination={ways.value.address} />
          {ways.value.back ? (
            <Way title="back" trace={ways.value.back} source={ways.value.address} destination={ways.value.forward.source ?? from} />
          ) : (
            <p class="dim">
              {ways.value.forward.ended === 'unknown'
                ? 'The way of an answer is not known, since that of the request is not.'
                : 'No answer is sent, since no request arrives that could be answered.'}
            </p>
          )}
        </div>
      ) : (
        <p class="dim">The kernels’ state was not kept here, so no way can be told.</p>
      )}
      <Probes probes={store.probes.value} />
    </>
  )
}

function LensBar({store}: {readonly store: Store}) {
  const {lens, addresses, address, mtu} = store
  const {protocol, size} = lens.value
  return (
    <div class="filters lens">
      <span class="dim">what the kernels’ state predicts of</span>
      <label>
        <span class="unseen">protocol of the way</span>
        <select
          value={protocol}
          onChange={({currentTarget}) => {
            lens.value = {...lens.value, protocol: currentTarget.value as typeof protocol}
          }}
        >
          {(['icmp', 'tcp', 'udp'] as const).map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">size of the packet</span>
        <select
          value={size}
          disabled={mtu.value === undefined}
          onChange={({currentTarget}) => {
            lens.value = {...lens.value, size: currentTarget.value as typeof size}
          }}
        >
          <option value="small">small packet</option>
          <option value="full">full packet{mtu.value === undefined ? '' : ` (${mtu.value} bytes)`}</option>
        </select>
      </label>
      {addresses.value.length > 1 && (
        <label>
          <span class="unseen">address</span>
          <select
            value={address.value}
            onChange={({currentTarget}) => {
              lens.value = {...lens.value, address: currentTarget.value}
            }}
          >
            {addresses.value.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      )}
    </div>
  )
}
