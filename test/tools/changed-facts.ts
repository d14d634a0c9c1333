// The recorded lab's facts with one thing changed, as a fault would.
import type {Facts, NamespaceFacts, RouteFacts} from '../../harness/facts/facts.ts'
import {recordedFacts} from './recorded.ts'

export function changedAt(name: string, change: (here: NamespaceFacts) => Partial<NamespaceFacts>): Facts {
  const facts = new Map(recordedFacts())
  const here = facts.get(name)
  if (!here) throw new Error(`no facts of ${name}`)
  return facts.set(name, {...here, ...change(here)})
}

export function withoutRoute(name: string, to: string): Facts {
  return changedAt(name, ({routes}) => ({routes: routes.filter((each) => each.to !== to)}))
}

export function withRoute(name: string, ...more: readonly RouteFacts[]): Facts {
  return changedAt(name, ({routes}) => ({routes: [...routes, ...more]}))
}

export function withSetting(name: string, setting: string, value: string): Facts {
  return changedAt(name, ({sysctls}) => ({sysctls: new Map([...sysctls, [setting, value]])}))
}
