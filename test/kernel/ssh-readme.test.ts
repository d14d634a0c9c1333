// The page about real machines, held to what happens: its inventory, its commands and what they print. PODWIRE_WRITE_EXPECTED
// writes the outputs anew.
import {readFileSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import test from 'ava'
import {missingForMachines, startMachines} from '../tools/ssh-machines.ts'

const PAGE = fileURLToPath(new URL('../../harness/drivers/ssh/README.md', import.meta.url))
const missing = missingForMachines()

/** What differs from run to run: times, the number of the network, and blanks that fill up to a column. */
function steady(text: string): string {
  return text
    .replaceAll(/\b[\d.]+ m?s\b/g, 'TIME')
    .replaceAll(/VXLAN \d+/g, 'VXLAN N')
    .replaceAll(/ +TIME/g, ' TIME')
    .replaceAll(/\d+ changes/g, 'N changes')
}

/** Lines in their order; `...` on the page stands for some that it leaves out. */
function shows(output: string, block: string): boolean {
  const parts = steady(block).split('\n...\n')
  let rest = steady(output)
  return parts.every((part) => {
    const at = rest.indexOf(part.replace(/^\.\.\.\n|\n\.\.\.$/g, ''))
    if (at < 0) return false
    rest = rest.slice(at + part.length)
    return true
  })
}

/** The first lines of an output that is long, and what it comes to: the rest is another one's on another machine. */
function shortened(output: string): string {
  const lines = output.trimEnd().split('\n')
  const last = lines.findIndex((line) => line === 'The machines' || line.startsWith('✓ they reach'))
  return [...lines.slice(0, 8), '...', ...lines.slice(last)].join('\n')
}

const run = missing === undefined ? test.serial : test.serial.skip
if (missing !== undefined) test('without machines their page is not tested', (t) => t.log(missing) ?? t.pass())

run('every command of the page does what the page shows', async (t) => {
  t.timeout(170_000)
  let page = readFileSync(PAGE, 'utf8')
  await using machines = await startMachines({names: ['node1', 'node2', 'node3']})
  machines.write('machines.yaml', /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
  const commands = [...page.matchAll(/^ {4}npx podwire (.*)$/gm)].map(([, argv = '']) => argv)
  t.true(commands.length >= 3)
  for (const command of commands) {
    const {code, stdout, stderr} = await machines.podwire(command.split(' '))
    t.is(code, 0, stderr + stdout)
    const marker = `<!-- output: npx podwire ${command} -->\n\n\`\`\`\n`
    const at = page.indexOf(marker) + marker.length
    const end = page.indexOf('\n```', at)
    if (process.env.PODWIRE_WRITE_EXPECTED) page = page.slice(0, at) + shortened(stdout) + page.slice(end)
    else t.true(shows(stdout, page.slice(at, end)), `${command}\n${stdout}`)
  }
  t.false(shows('one\ntwo', 'one\n...\nthree')) // the twin
  if (process.env.PODWIRE_WRITE_EXPECTED) writeFileSync(PAGE, page)
})
