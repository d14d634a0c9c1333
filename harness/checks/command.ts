// The claim of what a literal command at a place comes to: its exit code, and texts in its output.
import type {CommandCause} from '../command.ts'
import type {Fleet} from '../driver.ts'
import type {CheckResult, CommandClaim, Place, Verdict} from '../model.ts'

/** An exit code that nothing else has: the place to run it at is not there. */
const NO_PLACE = 193

/** Whoever was to run it had gone: nothing was seen of it. */
const UNSEEN: ReadonlySet<CommandCause> = new Set(['disposed', 'session-lost', 'node-lost'])

/** Runs the command in the place's own network namespace. */
export async function checkCommand(
  fleet: Fleet,
  place: Place,
  claim: CommandClaim,
  timeLimit?: number,
): Promise<Omit<CheckResult, 'claim'>> {
  const {check, command, exit, prints, source} = claim
  // Of several lines each has to succeed, as if they were typed one after the other.
  const literal = command.includes('\n') ? `bash -ec ${quoted(command)}` : command
  const line =
    place.netns === undefined
      ? literal
      : `[ -e /run/netns/${place.netns} ] || exit ${NO_PLACE}; ip netns exec ${place.netns} bash -${command.includes('\n') ? 'e' : ''}c ${quoted(command)}`
  const {exitCode, stdout, stderr, cause} = await fleet.run(place.node, line, {
    shell: 'observer',
    ...(timeLimit !== undefined && {timeLimit}),
  })
  const output = exit === 'success' ? stdout.toString() : `${stdout}${stderr}`
  const said = `${stdout}${stderr}`.trim()
  const missing = prints.filter((text) => !output.includes(text))
  const evidence: string[] = []
  // What could not be run has not failed in the way that was claimed.
  if (exitCode === NO_PLACE && place.netns !== undefined) evidence.push(`${place.name} has no namespace`)
  else if (exitCode === 126 || exitCode === 127) evidence.push(`it could not be run (exit ${exitCode})`)
  else if (exitCode === null) evidence.push(`it did not end by itself (${cause ?? 'the node went away'})`)
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
  const verdict: Verdict = evidence.length === 0 ? 'pass' : cause !== undefined && UNSEEN.has(cause) ? 'unknown' : 'fail'
  return {check, verdict, pairs: [], evidence, command: {place: place.name, command, exitCode, output: said}, source}
}

/** One word for bash(1), whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
