// SVG to PNG, by resvg, with a font of its own: a machine without fonts makes the same picture.
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {initWasm, Resvg} from '@resvg/resvg-wasm'

const {resolve} = createRequire(import.meta.url)
const FONTS = ['400', '700'].map((weight) => `@fontsource/dejavu-mono/files/dejavu-mono-latin-${weight}-normal.woff2`)
const MOST_PIXELS = 25_000_000

let ready: Promise<void> | undefined

/** Twice as large as the SVG says, so that it is sharp; as large as memory allows where that is too much. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  ready ??= initWasm(readFileSync(resolve('@resvg/resvg-wasm/index_bg.wasm')))
  await ready
  const fontBuffers = FONTS.map((file) => readFileSync(resolve(file)))
  const font = {loadSystemFonts: false, fontBuffers, defaultFontFamily: 'DejaVu Mono', monospaceFamily: 'DejaVu Mono'}
  const [, width = '1', height = '1'] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []
  const zoom = Math.min(2, Math.sqrt(MOST_PIXELS / (Number(width) * Number(height))))
  const picture = new Resvg(svg, {font, fitTo: {mode: 'zoom', value: zoom}})
  try {
    return picture.render().asPng()
  } finally {
    picture.free()
  }
}
