// The page of a report: what it shows stands packed in its own file.
import {render} from 'preact'
import {type Packed, unpack} from '../report/rows.ts'
import type {View} from '../report/view.ts'
import {start} from './start.tsx'

const root = document.getElementById('page')
const packed = document.getElementById('view')?.textContent ?? ''
if (root) void show(root)

async function show(at: HTMLElement): Promise<void> {
  try {
    start(at, await viewFrom(packed))
  } catch (error) {
    // A file that lost its end, a browser that cannot unpack it.
    render(<p role="alert">This report cannot be read: {String(error)}</p>, at)
  }
  // For whoever measures or waits: the next frame shows all.
  requestAnimationFrame(() => setTimeout(() => performance.mark('drawn')))
}

/** Base64 of gzip of JSON (../report/html.ts). */
async function viewFrom(text: string): Promise<View> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index)
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return unpack((await new Response(stream).json()) as Packed) as View
}
