// Makes the page's sources one script and one style sheet, each time they are asked for: esbuild takes less than a tenth of a
// second, which is less than one needs to find out whether what was made before is still right.
import {fileURLToPath} from 'node:url'
import {MachineError} from './driver.ts'

export interface Bundle {
  readonly script: string
  readonly style: string
}

/** `report` shows what a file holds, `live` what a server tells. */
export type Entry = 'report' | 'live'

const made = new Map<Entry, Promise<Bundle>>()

/**
 * Each entry is made once.
 * @throws MachineError where the page cannot be made: esbuild, or a program of it for this kind of machine, is missing
 */
export function bundlePage(entry: Entry): Promise<Bundle> {
  const known = made.get(entry) ?? bundle(entry)
  made.set(entry, known)
  return known
}

async function bundle(entry: Entry): Promise<Bundle> {
  try {
    const {build} = await import('esbuild')
    const {outputFiles} = await build({
      entryPoints: [fileURLToPath(new URL(`page/${entry}.tsx`, import.meta.url))],
      bundle: true,
      minify: true,
      write: false,
      outdir: 'page',
      format: 'iife',
      // Nothing of Node.js: an import of node: fails here.
      platform: 'browser',
      target: 'es2023',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      charset: 'utf8',
      logLevel: 'silent',
    })
    const textOf = (ending: string) => outputFiles.find(({path}) => path.endsWith(ending))?.text ?? ''
    return {script: textOf('.js'), style: textOf('.css')}
  } catch (error) {
    throw new MachineError('page-not-built', `the page cannot be built: ${error instanceof Error ? error.message : String(error)}`, [
      'make setup installs what builds it',
    ])
  }
}
