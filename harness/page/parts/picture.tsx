// The topology of the moment, as the kernels hold it, with the chosen pair's way there and back.
import {useEffect, useRef, useState} from 'preact/hooks'
import {visibleLine} from '../../report/visible.ts'
import {type Box, FONT, spaceId, tunnelId, tunnelLines, underlayLines} from '../../topology/boxes.ts'
import {deviceLines, spaceTitle} from '../../topology/labels.ts'
import {type Connection, type Space, type Topology, UNDERLAY} from '../../topology/topology.ts'
import type {Steps} from '../path.ts'
import {MANY, type Store} from '../store.ts'
import {Cable, type Passing, RoutedLines, Stop} from './cables.tsx'
import {Part} from './common.tsx'

/** How small a picture is made to be seen whole: what is written in it is to be read. */
const LEAST = 0.75

export function Picture({store}: {readonly store: Store}) {
  const {topology, picture, fold, shown} = store
  const [zoom, setZoom] = useState<number | 'fit'>('fit')
  const frame = useRef<HTMLElement>(null)
  const {pair} = store
  // Of a picture that is larger than its frame the chosen pair is shown.
  useEffect(() => {
    const {current} = frame
    const end = current?.querySelector('.space.at-end')
    if (!current || !end || (current.scrollHeight <= current.clientHeight && current.scrollWidth <= current.clientWidth)) return
    const [inner, outer] = [end.getBoundingClientRect(), current.getBoundingClientRect()]
    current.scrollBy({top: inner.top - outer.top - 40, left: inner.left - outer.left - 40})
  }, [pair.value, zoom])
  if (!topology.value || !picture.value)
    return (
      <Part id="picture" title="Topology">
        <p class="dim">The kernels’ state was not kept here.</p>
      </Part>
    )
  const {width, height} = picture.value
  const inner = topology.value.spaces.filter(({name, machine}) => name !== machine).length
  const left = shown.value ? inner - shown.value.size : 0
  const scale = zoom === 'fit' ? undefined : zoom
  return (
    <Part
      id="picture"
      title="Topology"
      aside={
        <div class="filters zoom">
          {inner > MANY && (
            <button
              type="button"
              aria-pressed={!fold.value}
              onClick={() => {
                fold.value = !fold.value
              }}
            >
              all {inner}
            </button>
          )}
          <button type="button" onClick={() => setZoom((zoom === 'fit' ? 1 : zoom) / 1.25)} aria-label="Smaller">
            −
          </button>
          <button type="button" aria-pressed={zoom === 'fit'} onClick={() => setZoom('fit')}>
            fit
          </button>
          <button type="button" aria-pressed={zoom === 1} onClick={() => setZoom(1)}>
            100%
          </button>
          <button type="button" onClick={() => setZoom((zoom === 'fit' ? 1 : zoom) * 1.25)} aria-label="Larger">
            +
          </button>
        </div>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
      <section class="picture-frame" ref={frame} tabIndex={0} aria-label="The topology as a picture">
        <svg
          class="picture"
          viewBox={`0 0 ${width} ${height}`}
          {...(scale === undefined
            ? {style: {maxInlineSize: `${width}px`, '--least': `${height * LEAST}px`}}
            : {width: width * scale, height: height * scale})}
          role="img"
          aria-label={inWords(topology.value)}
        >
          <Drawing store={store} topology={topology.value} />
        </svg>
      </section>
      <p class="legend dim">
        <span class="key there">there</span>
        <span class="key back">back</span>
        <span class="key down">down</span>
        {store.moments.value.length > 1 && <span class="key changed">changed by this stage</span>}
        {left > 0 && <span>{left} more pods are not drawn</span>}
        drawn from what the kernels held, not from what the scenario meant
      </p>
    </Part>
  )
}

/** What is where, for whoever does not see it; the changes of a stage are told below. */
function inWords({spaces, connections}: Topology): string {
  const machines = spaces.filter(({name, machine}) => name === machine)
  const told = machines.map(({name}) => {
    const inner = spaces.filter((space) => space.machine === name && space.name !== name).map((space) => space.name)
    return inner.length === 0 ? name : `${name} with ${inner.join(', ')}`
  })
  const down = connections.filter(({up}) => !up).length
  return `${told.join('; ')}${down === 0 ? '' : `; ${down} connections are down`}`
}

interface DrawingProps {
  readonly store: Store
  readonly topology: Topology
}

function Drawing({store, topology}: DrawingProps) {
  const layout = store.picture.value
  if (!layout) return null
  const boxes = new Map(layout.boxes)
  const lines = new Map(layout.lines)
  const {there, back} = store.passed.value
  const {from, to} = store.pair.value ?? {}
  const at = (id: string) => classOf({there: there.ids.has(id), back: back.ids.has(id)})
  const plugged = ({ids}: Steps, a: string, b: string) => ids.has(`${a}\n${b}`) || ids.has(`${b}\n${a}`)
  const along = ({from: a, to: b}: Connection): Passing => ({there: plugged(there, a, b), back: plugged(back, a, b)})
  const {forward, back: backward} = store.ways.value ?? {}
  const underlay = boxes.get(UNDERLAY)
  return (
    <>
      {topology.spaces.map((space) => (
        <SpaceBox key={space.name} space={space} box={boxes.get(spaceId(space.name))} end={space.name === from || space.name === to} />
      ))}
      {/* Below all that is written: no line strikes it through, even where there is no way round a box. */}
      <RoutedLines steps={there} boxes={boxes} way="there" />
      <RoutedLines steps={back} boxes={boxes} way="back" />
      {topology.connections.map((connection, index) => (
        <Cable
          key={`${connection.kind} ${connection.from} ${connection.to}`}
          connection={connection}
          lines={lines.get(index) ?? []}
          way={along(connection)}
        />
      ))}
      {topology.spaces.flatMap(({devices}) =>
        devices.map((device) => (
          <TextBox
            key={device.id}
            box={boxes.get(device.id)}
            lines={deviceLines(device)}
            kind={`device ${device.kind}${device.state === 'up' ? '' : ' down'}${store.changed.value.has(device.id) ? ' changed' : ''}${at(device.id)}`}
          />
        )),
      )}
      {topology.connections.map(
        (connection, index) =>
          connection.kind === 'tunnel' && (
            <TextBox
              key={tunnelId(index)}
              box={boxes.get(tunnelId(index))}
              lines={tunnelLines(connection)}
              kind={`tunnel${connection.up ? '' : ' down'}${classOf(along(connection))}`}
            />
          ),
      )}
      {underlay && <TextBox box={underlay} lines={underlayLines(topology)} kind={`underlay${at(UNDERLAY)}`} />}
      {topology.outside.map((address) => (
        <TextBox key={address} box={boxes.get(address)} lines={[address, 'outside']} kind="outside" />
      ))}
      <Stop steps={there} trace={forward} boxes={boxes} />
      <Stop steps={back} trace={backward} boxes={boxes} />
    </>
  )
}

function classOf({there, back}: Passing): string {
  return `${there ? ' there' : ''}${back ? ' back' : ''}`
}

interface SpaceProps {
  readonly space: Space
  readonly box: Box | undefined
  /** The chosen pair begins or ends here. */
  readonly end: boolean
}

function SpaceBox({space, box, end}: SpaceProps) {
  if (!box) return null
  return (
    <g class={`space ${space.kind}${space.seen ? '' : ' not-seen'}${end ? ' at-end' : ''}`} data-place={space.name}>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={6} />
      <text class="title" x={box.x + 8} y={box.y + FONT.line + 3}>
        {visibleLine(spaceTitle(space))}
      </text>
    </g>
  )
}

function TextBox({box, lines, kind}: {readonly box: Box | undefined; readonly lines: readonly string[]; readonly kind: string}) {
  if (!box) return null
  return (
    <g class={kind}>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={4} />
      {lines.map((line, index) => (
        <text key={line} class={index === 0 ? 'title' : undefined} x={box.x + 8} y={box.y + FONT.line * (index + 1) - 1}>
          {visibleLine(line)}
        </text>
      ))}
    </g>
  )
}
