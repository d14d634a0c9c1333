// What can be typed at the prompt: its commands, what a line means, and what a word can become. Pure.
import {CAUSES, type Place, PROTOCOLS} from '../../model.ts'
import {suggestion} from '../../scenario/problem.ts'

type Kind = 'place' | 'cause' | 'protocol'

export interface PromptCommand {
  readonly name: string
  readonly usage: string
  readonly help: string
  /** What its words are, for completion; at most so many. */
  readonly takes: readonly Kind[]
  /** So many words it needs. */
  readonly least: number
}

export const PROMPT_COMMANDS: readonly PromptCommand[] = [
  {name: 'ping', usage: 'ping FROM TO', help: 'three echo requests, as ping(8) tells them', takes: ['place', 'place'], least: 2},
  {
    name: 'trace',
    usage: 'trace FROM TO [PROTOCOL]',
    help: 'the way there and back, predicted and observed',
    takes: ['place', 'place', 'protocol'],
    least: 2,
  },
  {name: 'why', usage: 'why [FROM TO]', help: 'why it does not reach: cause, where, evidence, fix', takes: ['place', 'place'], least: 0},
  {name: 'break', usage: 'break CAUSE [PLACE]', help: 'bring a fault about, with its commands shown', takes: ['cause', 'place'], least: 1},
  {name: 'heal', usage: 'heal', help: 'undo what break did', takes: [], least: 0},
  {name: 'watch', usage: 'watch', help: 'the matrix, live, until Enter', takes: [], least: 0},
  {name: 'check', usage: 'check', help: 'the checks of the lab, again', takes: [], least: 0},
  {
    name: 'capture',
    usage: 'capture PLACE [TO]',
    help: 'the packets at a place until Enter; with TO, at every hop of a ping to there',
    takes: ['place', 'place'],
    least: 1,
  },
  {name: 'places', usage: 'places', help: 'all places, with their addresses', takes: [], least: 0},
  {name: 'help', usage: 'help', help: 'this list', takes: [], least: 0},
  {name: 'exit', usage: 'exit', help: 'leave; the lab stays', takes: [], least: 0},
]

/** What a line asks for. */
export type Asked =
  | {readonly kind: 'nothing'}
  | {readonly kind: 'command'; readonly name: string; readonly words: readonly string[]}
  /** A command for a shell there; empty for the shell itself. */
  | {readonly kind: 'at'; readonly place: string; readonly command: string}
  | {readonly kind: 'mistake'; readonly message: string; readonly help: string}

export function readLine(line: string, places: readonly Place[]): Asked {
  const [first = '', ...words] = line.trim().split(/\s+/)
  if (first === '' || first.startsWith('#')) return {kind: 'nothing'}
  const found = PROMPT_COMMANDS.find(({name}) => name === (first === 'quit' ? 'exit' : first))
  if (found) {
    const {name, usage, takes, least} = found
    // One word of two says half of a pair.
    const wrong = words.length > takes.length || words.length < least || (name === 'why' && words.length === 1)
    return wrong ? {kind: 'mistake', message: `${name} takes other words`, help: usage} : {kind: 'command', name, words}
  }
  if (places.some(({name}) => name === first.split('/')[0]))
    return {kind: 'at', place: first, command: line.trim().slice(first.length).trim()}
  const known = [...PROMPT_COMMANDS.map(({name}) => name), ...places.map(({name}) => name)]
  return {kind: 'mistake', message: `no command or place ${first}`, help: `${suggestion(first, known)}   (help lists the commands)`}
}

/** As node:readline has it: the words that the last one can become, and that last one. */
export function complete(line: string, places: readonly Place[]): [string[], string] {
  const words = line.trimStart().split(/\s+/)
  const last = words.at(-1) ?? ''
  const hits = candidates(words, places).filter((word) => word.startsWith(last))
  // One hit is taken, and the next word can begin.
  return [hits.length === 1 ? hits.map((word) => `${word} `) : hits, last]
}

function candidates(words: readonly string[], places: readonly Place[]): readonly string[] {
  const names = places.map(({name}) => name)
  if (words.length <= 1) return [...PROMPT_COMMANDS.map(({name}) => name), ...names]
  const takes = PROMPT_COMMANDS.find(({name}) => name === words[0])?.takes[words.length - 2]
  if (takes === 'cause') return CAUSES.filter((cause) => cause !== 'unknown')
  if (takes === 'protocol') return PROTOCOLS
  // From a place to itself there is no way.
  return takes === 'place' ? names.filter((name) => !words.slice(1, -1).includes(name)) : []
}

export function helpText(): string {
  const all = [
    ...PROMPT_COMMANDS,
    {usage: 'PLACE COMMAND ...', help: 'run it there: node1 ip route, pod1 ip addr | grep inet'},
    {usage: 'PLACE', help: 'a shell there'},
  ]
  const width = Math.max(...all.map(({usage}) => usage.length))
  return all.map(({usage, help}) => `  ${usage.padEnd(width)}  ${help}`).join('\n')
}
