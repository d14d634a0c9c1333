// What has been worked out of facts once. Facts are never changed, only replaced, and a diagnosis of many pairs asks the same of
// them thousands of times.
import type {NamespaceFacts} from '../facts/facts.ts'
import type {World} from './world.ts'

/** `make`, once for each namespace's facts and each text about them. */
export function rememberedOf<T>(make: (here: NamespaceFacts, about: string) => T): (here: NamespaceFacts, about: string) => T {
  const known = new WeakMap<NamespaceFacts, Map<string, T>>()
  return (here, about) => once(entry(known, here, newMap<T>), about, () => make(here, about))
}

/** `make`, once for each state of a lab and each question about it. */
export function rememberedIn<A extends readonly unknown[], T>(
  keyOf: (...about: A) => string,
  make: (world: World, ...about: A) => T,
): (world: World, ...about: A) => T {
  const known = new WeakMap<World['facts'], WeakMap<World['places'], Map<string, T>>>()
  return (world, ...about) => {
    const ofFacts = entry(known, world.facts, () => new WeakMap<World['places'], Map<string, T>>())
    return once(entry(ofFacts, world.places, newMap<T>), keyOf(...about), () => make(world, ...about))
  }
}

function newMap<T>(): Map<string, T> {
  return new Map()
}

function entry<K extends object, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  const found = known.get(key) ?? make()
  known.set(key, found)
  return found
}

/** Undefined is an answer, too. */
function once<T>(answers: Map<string, T>, about: string, make: () => T): T {
  const found = answers.get(about)
  if (found !== undefined || answers.has(about)) return found as T
  const made = make()
  answers.set(about, made)
  return made
}
