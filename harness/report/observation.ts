// What the facts predict of a packet and what it did while it was watched, one beside the other, a line each.
import type {Observation, Sighting, Unobserved} from '../model.ts'
import type {Paint} from './text.ts'
import {visibleLine} from './visible.ts'

/** `predicted:`, `seen:`, and where there is something to say `unknown:` and `conflict:`, each with what it is said of under it. */
export function observationLines(observation: Observation, paint: Paint): string[] {
  return [
    ...block('predicted:', [predictedWords(observation), ...observation.predicted.doubts.map((words) => `not judged: ${words}`)]),
    ...block('seen:', [...wayLines(observation), ...endLines(observation)]),
    ...block('unknown:', unknownLines(observation.unobserved), (text) => paint('yellow', text)),
    ...block('conflict:', observation.conflicts, (text) => paint('red', text)),
  ]
}

/** Room for the longest label. */
const WIDTH = 'predicted: '.length

function block(label: string, lines: readonly string[], painted: (text: string) => string = (text) => text): string[] {
  return lines.map(
    (line, index) => (index === 0 ? painted(label) + ' '.repeat(WIDTH - label.length) : ' '.repeat(WIDTH)) + visibleLine(line),
  )
}

function predictedWords({predicted: {way, ended, at, arrives}}: Observation): string {
  if (ended === 'unknown') return `what becomes of the ${way} at ${at} is not known`
  if (ended !== 'delivered') return `the ${way} ends at ${at}: ${ended}${way === 'reply' ? `; the request comes to ${arrives}` : ''}`
  return way === 'reply' ? `the request comes to ${arrives ?? 'nobody'}, and the reply to ${at}` : `the request comes to ${at}`
}

function wayLines({answered, from, protocol, size, sightings, unobserved}: Observation): string[] {
  const blind = unobserved.some(({what}) => what === 'packets')
  if (blind && sightings.length === 0) return []
  const sent = `${protocol}, ${size}: `
  const [requests, replies] = (['request', 'reply'] as const).map((way) => sightings.filter((each) => each.way === way))
  const lines = [sent + (requests?.length ? `the request ${passedWords(requests)}` : `no request left ${from}`)]
  if (replies?.length) lines.push(`the reply ${passedWords(replies)}`)
  else if (requests?.length && answered !== true) lines.push('no reply')
  if (answered === true) lines.push('it was answered')
  return lines
}

/** `passed pod1, node1, and was last seen at node2/eth0, coming in`; frames for another MAC address are not on the way. */
function passedWords(sightings: readonly Sighting[]): string {
  const onWay = sightings.filter(({direction}) => direction !== 'past')
  const last = onWay.at(-1)
  if (!last) return `went to another MAC address than ${[...new Set(sightings.map(({place}) => place))].join("'s and ")}'s`
  const places = [...new Set(onWay.map(({place}) => place))].filter((place) => place !== last.place)
  const passed = places.length > 0 ? `passed ${places.join(', ')}, and ` : ''
  const first = onWay[0] as Sighting
  const became = last.source === first.source && last.destination === first.destination ? '' : `, as ${last.source} -> ${last.destination}`
  return `${passed}was last seen at ${last.place}/${last.device}, ${last.direction === 'in' ? 'coming in' : 'going out'}${became}`
}

function endLines({rules, drops, counters}: Observation): string[] {
  return [
    ...rules.map(
      ({place, way, family, table, chain, handle, text}) =>
        `${place}: ${family} ${table} ${chain}${handle === undefined ? '' : ` handle ${handle}`} dropped the ${way}: ${text}`,
    ),
    ...drops.map(({reason, function: name, devices}) => `the kernel dropped it: ${reason} in ${name}, sent by ${devices.join(', ')}`),
    ...[...Map.groupBy(counters, ({place}) => place)].map(
      ([place, risen]) => `${place} counts ${risen.map(({counter, increase}) => `${counter} +${increase}`).join(', ')}`,
    ),
  ]
}

const WHAT: Readonly<Record<Unobserved['what'], string>> = {
  packets: 'packets',
  rules: 'which rule they met',
  drops: 'why the kernel dropped them',
  counters: 'counters',
}

/** One line for all places and things that one reason stands behind. */
function unknownLines(unobserved: readonly Unobserved[]): string[] {
  return [...Map.groupBy(unobserved, ({why}) => why)].map(([why, same]) => {
    const what = [...new Set(same.map((each) => WHAT[each.what]))].join(', ')
    const places = [...new Set(same.flatMap(({place}) => (place === undefined ? [] : [place])))]
    return `${what}${places.length > 0 ? ` at ${places.join(', ')}` : ''}: ${why}`
  })
}
