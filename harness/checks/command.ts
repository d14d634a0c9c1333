// The claim of what a literal command at a place comes to: its exit code, and texts in its output.
import type {Fleet} from '../driver.ts'
import type {CheckResult, CommandClaim, Place, Verdict} from '../model.ts'

/** Runs the command in the place's own network namespace. */
export async function checkCommand(
  fleet: Fleet,
  place: Place,
  claim: CommandClaim,
  timeLimit?: number,
): Promise<Omit<CheckResult, 'claim'>> {
  const {check, command, exit, prints, source} = claim
  const line = place.netns === undefined ? command : `ip netns exec ${place.netns} bash -c ${quoted(command)}`
  const {exitCode, stdout, stderr, cause} = await fleet.run(place.node, line, {
    shell: 'observer',
    ...(timeLimit !== undefined && {timeLimit}),
  })
  const output = exit === 'success' ? stdout.toString() : `${stdout}${stderr}`
  const said = `${stdout}${stderr}`.trim()
  const missing = prints.filter((text) => !output.includes(text))
  const evidence: string[] = []
  if (exitCode === null) evidence.push(`it did not end by itself (${cause ?? 'the node went away'})`)
  else if ((exitCode === 0) !== (exit === 'success'))
    evidence.push(exitCode === 0 ? 'it ended with 0, and should fail' : `it ended with ${exitCode}`)
  evidence.push(...missing.map((text) => `it does not say ${JSON.stringify(text)}`))
  if (evidence.length > 0)
    evidence.push(
      ...(said === ''
        ? ['it said nothing']
        : said
            .split('\n')
            .slice(0, 6)
            .map((text) => `it said: ${text}`)),
    )
  const verdict: Verdict = evidence.length === 0 ? 'pass' : cause === 'disposed' || cause === 'session-lost' ? 'unknown' : 'fail'
  return {check, verdict, pairs: [], evidence, command: {place: place.name, command, exitCode, output: said}, source}
}

/** One word for bash(1), whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
