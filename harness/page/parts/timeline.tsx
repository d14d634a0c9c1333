// The stages as a slider, each with a bar: how many pairs reach once it was over.
import {reachedWords, wholeOf} from '../reached.ts'
import {END, type Moment, type Store} from '../store.ts'

export function Timeline({store}: {readonly store: Store}) {
  const {moments, moment} = store
  const all = moments.value
  const position = all.indexOf(moment.value)
  const go = (index: number) => {
    const to = all[index]
    if (to !== undefined) store.go(to)
  }
  return (
    <section class="timeline" aria-label="Timeline">
      <div class="bars" style={{'--count': all.length}}>
        {all.map((each, index) => (
          <Bar key={each} store={store} moment={each} chosen={index === position} />
        ))}
      </div>
      <input
        type="range"
        class="slider"
        style={{'--count': all.length}}
        min={0}
        max={all.length - 1}
        step={1}
        value={position}
        aria-label="Stage"
        aria-valuetext={titleOf(store, moment.value)}
        onInput={({currentTarget}) => go(Number(currentTarget.value))}
      />
      <p class="moment" aria-hidden="true">
        {titleOf(store, moment.value)}
      </p>
    </section>
  )
}

/** Pointer's food: the slider is there for keys. */
function Bar({store, moment, chosen}: {readonly store: Store; readonly moment: Moment; readonly chosen: boolean}) {
  const {shares = [], gained = 0, lost = 0} = store.reached.value.get(moment) ?? {}
  const share = wholeOf(shares) * 100
  const words = shares.length === 0 ? 'not looked at' : reachedWords(shares)
  return (
    <button
      type="button"
      tabIndex={-1}
      class={`bar${chosen ? ' chosen' : ''}`}
      title={`${titleOf(store, moment)}: ${words}`}
      onClick={() => store.go(moment)}
    >
      <span class="bar-turns">
        {gained > 0 && <span class="gained">+{gained}</span>}
        {lost > 0 && <span class="lost">−{lost}</span>}
      </span>
      <span class="bar-room">
        <span class="bar-share" style={{blockSize: `${share}%`}} />
      </span>
      <span class="bar-name">{moment === END ? 'end' : moment}</span>
      <span class="unseen">
        , {titleOf(store, moment)}: {words}
      </span>
    </button>
  )
}

function titleOf(store: Store, moment: Moment): string {
  if (moment === END) return 'the end, once every stage had run and the claims were looked at'
  const {title = ''} = store.run.value?.scenario.stages[moment - 1] ?? {}
  return `${moment}. ${title}`
}
