// One file that holds a run's result and the page that shows it: no network, nothing beside it. The policy in it allows its own
// script and its own style and nothing else, whatever a command's output may hold; the data is packed and holds no markup at all.
import {createHash} from 'node:crypto'
import {gzipSync} from 'node:zlib'
import type {Bundle} from '../bundle.ts'
import {documentOf, type Ended, nameOf} from './ended.ts'
import {pack} from './pack.ts'
import {type View, viewOf} from './view.ts'

export async function htmlOf(ended: Ended, bundle: Bundle): Promise<string> {
  return pageHtml({title: `podwire: ${nameOf(ended)}`, bundle, view: await viewOf(documentOf(ended))})
}

export interface PageSource {
  readonly title: string
  readonly bundle: Bundle
  /** Absent where a server sends it. */
  readonly view?: View
  /** What else the page may do: `connect-src 'self'`. */
  readonly policy?: readonly string[]
}

export function pageHtml({title, bundle: {script, style}, view, policy = []}: PageSource): string {
  const allowed = ["default-src 'none'", `script-src '${hashOf(script)}'`, `style-src '${hashOf(style)}'`, ...policy]
  const rules = [...allowed, "base-uri 'none'", "form-action 'none'"].join('; ')
  const data = view && gzipSync(JSON.stringify(pack(view))).toString('base64')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${rules}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body>
<div id="page"></div>
<noscript>This report is drawn by the script that it holds, and scripts are off. podwire run --report text or markdown make reports that need none.</noscript>
${data === undefined ? '' : `<script type="text/plain" id="view">${data}</script>\n`}<script>${script}</script>
</body>
</html>
`
}

/** As the policy names an inline script or style (CSP Level 3, 2.3.1). */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
