// SVG to PNG, by resvg, with a font of its own: a machine without fonts makes the same picture.
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {initWasm, Resvg} from '@resvg/resvg-wasm'

const RENDERER = import.meta.resolve('@resvg/resvg-wasm/index_bg.wasm')
const FONTS = [
  import.meta.resolve('@fontsource/dejavu-mono/files/dejavu-mono-latin-400-normal.woff2'),
  import.meta.resolve('@fontsource/dejavu-mono/files/dejavu-mono-latin-700-normal.woff2'),
]
const MOST_PIXELS = 25_000_000

let ready: Promise<void> | undefined

/** Twice as large as the SVG says, so that it is sharp; as large as memory allows where that is too much. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  ready ??= initWasm(readFileSync(fileURLToPath(RENDERER)))
  await ready
  const fontBuffers = FONTS.map((file) => readFileSync(fileURLToPath(file)))
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
