// The page of a running lab: what it shows comes from podwire ui, and so does what it can do.
import {signal} from '@preact/signals'
import {render} from 'preact'
import {unpack} from '../report/rows.ts'
import type {View} from '../report/view.ts'
import type {Told} from '../ui/protocol.ts'
import {createActivity} from './live/activity.ts'
import {Bench} from './live/bench.tsx'
import {connect, keyHere} from './live/connection.ts'
import {createShells} from './live/shells.ts'
import {start} from './start.tsx'
import type {Store} from './store.ts'
import './live/live.css'

const root = document.getElementById('page')
const key = keyHere()
if (root && key !== undefined) follow(root, key)
else if (root) render(<p role="alert">This page is opened by the link that podwire ui prints.</p>, root)

function follow(root: HTMLElement, key: string): void {
  const note = signal('')
  const activity = createActivity()
  const shells = createShells(key)
  let store: Store | undefined

  const asks = connect(key, {
    told(told) {
      if (told.kind === 'look') show(told)
      else activity.tell(told)
      if (told.kind === 'gone') end(`The lab is down. This is how it was at ${timeOf(activity.looked.value)}.`)
    },
    closed: () => end(`podwire ui has ended. This is how the lab was at ${timeOf(activity.looked.value)}.`),
  })

  function show({view, at, took, number}: Extract<Told, {kind: 'look'}>): void {
    const unpacked = unpack(view) as View
    activity.looked.value = at
    note.value = `Looked at ${timeOf(at)}, for ${Math.round(took)} ms.`
    root.dataset.look = String(number)
    if (store) store.show(unpacked)
    else {
      root.replaceChildren()
      store = start(root, unpacked, {
        probe: (from, to) => activity.during(`${from} and ${to} are being probed`, asks.ask('probe', from, to)),
        diagnose: (from, to) => activity.during(`${from} and ${to} are being diagnosed`, asks.ask('diagnose', from, to)),
        shell: (place) => shells.open(place),
        note,
        aside: ({store}) => <Bench store={store} activity={activity} shells={shells} look={() => asks.look()} />,
      })
    }
  }

  function end(words: string): void {
    if (activity.over.value) return
    activity.over.value = true
    note.value = words
    if (!store) render(<p role="alert">{words}</p>, root)
  }
}

function timeOf(at: number): string {
  return at === 0 ? 'no time' : new Date(at).toTimeString().slice(0, 8)
}
