// The whole page, from top to bottom.
import type {Live} from '../live-controls.ts'
import type {Store} from '../store.ts'

export function Page({store}: {readonly store: Store; readonly live: Live}) {
  return (
    <main>
      <h1>{store.run.value?.scenario.title}</h1>
    </main>
  )
}
