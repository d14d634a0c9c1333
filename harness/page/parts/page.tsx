// The whole page, from top to bottom.
import type {Live} from '../live-controls.ts'
import type {Store} from '../store.ts'
import {About} from './about.tsx'
import {Checks} from './checks.tsx'
import {Commands} from './commands.tsx'
import {Diagnoses} from './diagnosis.tsx'
import {Head} from './head.tsx'
import {MatrixPart} from './matrix.tsx'
import {PairPart} from './pair.tsx'
import {Picture} from './picture.tsx'
import {Requirements} from './requirements.tsx'
import {StagePart} from './stage.tsx'
import {Timeline} from './timeline.tsx'

export function Page({store, live}: {readonly store: Store; readonly live: Live}) {
  const Aside = live.aside
  return (
    <>
      <Head store={store} live={live} />
      <main>
        {store.moments.value.length > 1 && <Timeline store={store} />}
        <div class="side-by-side">
          <div>
            <Picture store={store} />
            {Aside && <Aside store={store} />}
            <PairPart store={store} live={live} />
          </div>
          <div>
            <MatrixPart store={store} />
            <Diagnoses store={store} />
            <StagePart store={store} />
          </div>
        </div>
        <Requirements store={store} />
        <Checks store={store} />
        <Commands store={store} />
        <About store={store} />
      </main>
    </>
  )
}
