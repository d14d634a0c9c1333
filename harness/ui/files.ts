// The files of the live page: what its browser asks for, made when podwire ui starts.
import {bundlePage} from '../bundle.ts'
import {escapeText} from '../report/html.ts'
import type {Served} from './server.ts'

/** By path. @throws MachineError where the page cannot be made */
export async function pageFiles(lab: string): Promise<ReadonlyMap<string, Served>> {
  const {script, style} = await bundlePage('live')
  return new Map([
    ['/', {type: 'text/html', content: documentFor(lab)}],
    ['/page.js', {type: 'text/javascript', content: script}],
    ['/page.css', {type: 'text/css', content: style}],
  ])
}

/** The icon is none: a browser would ask for one. */
function documentFor(lab: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>podwire: lab ${escapeText(lab)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<div id="page"><p role="status">The lab is being looked at.</p></div>
<noscript>The page is drawn by a script, and scripts are off. podwire check and podwire graph show a lab without.</noscript>
</body>
</html>
`
}
