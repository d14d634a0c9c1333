// What the switches on some paths do with the packets of these paths: they are asked, one round for each switch on the way, and
// what they say is put among the facts. Where no switch runs nobody is asked anything.
import type {Fleet} from './driver.ts'
import type {Facts} from './facts/facts.ts'
import type {Place} from './model.ts'
import type {Trace} from './trace/path.ts'
import type {Question} from './trace/switches.ts'

/** More switches than are on any way, there and back, with one question for an address before each. */
const MOST_ROUNDS = 24
/** Questions of one machine at once: a line may be so long, and each takes some milliseconds. */
const AT_ONCE = 64

/** The ways of one exchange, as far as the facts give them. */
export type Ways = (facts: Facts) => readonly Trace[]

/** Never rejects: a machine that does not answer leaves its questions open. */
export async function withAnswers(fleet: Fleet, places: readonly Place[], facts: Facts, ways: readonly Ways[]): Promise<Facts> {
  let now = facts
  if (![...facts.values()].some((here) => here?.switches)) return now
  let left = ways
  for (let round = 0; round < MOST_ROUNDS && left.length > 0; round++) {
    const open = left.map((way) => ({way, questions: openIn(now, way(now))})).filter(({questions}) => questions.length > 0)
    left = open.map(({way}) => way)
    const questions = new Map(open.flatMap((each) => each.questions).map((each) => [`${each.place} ${each.line}`, each]))
    if (questions.size > 0) now = await asked(fleet, places, now, [...questions.values()])
  }
  return now
}

function openIn(facts: Facts, paths: readonly Trace[]): Question[] {
  return paths.flatMap(({questions}) => questions).filter(({place, line}) => !facts.get(place)?.answers?.has(line))
}

async function asked(fleet: Fleet, places: readonly Place[], facts: Facts, questions: readonly Question[]): Promise<Facts> {
  const found = await Promise.all(
    [...Map.groupBy(questions, ({place}) => place)].map(async ([place, all]) => {
      const node = places.find(({name}) => name === place)?.node ?? place
      const lines = all.slice(0, AT_ONCE).map(({line}) => line)
      // A vertical tab is what no tool prints; what is refused is an answer too.
      const {stdout} = await fleet.run(node, lines.map((line) => `${line} 2>&1; printf '\\v'`).join('; '), {shell: 'observer'})
      const texts = stdout.toString().split('\v')
      return [place, lines.map((line, index): [string, string] => [line, texts[index] ?? ''])] as const
    }),
  )
  const after = new Map(facts)
  for (const [place, answers] of found) {
    const here = after.get(place)
    if (here) after.set(place, {...here, answers: new Map([...(here.answers ?? []), ...answers])})
  }
  return after
}
