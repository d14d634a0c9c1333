// Puts the page into a document.
import {render} from 'preact'
import type {View} from '../report/view.ts'
import type {Live} from './live-controls.ts'
import {Page} from './parts/page.tsx'
import {createStore, type Store} from './store.ts'
import './page.css'

export function start(root: HTMLElement, view: View, live: Live = {}): Store {
  const store = createStore(view)
  render(<Page store={store} live={live} />, root)
  return store
}
