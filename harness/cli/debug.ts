// podwire debug: one prompt over a running lab, with completion of commands and places, and a history. From a pipe it runs
// one line after the other.
import {ACTIONS, KEEPS_KEYS, type PromptContext, typeAt} from './debug/commands.ts'
import {readHistory, writeHistory} from './debug/history.ts'
import {openPrompt} from './debug/prompt.ts'
import {complete, readLine} from './debug/words.ts'
import {EXIT, UsageError} from './exit.ts'
import {fail} from './fail.ts'
import {isInterrupted, stayAtPrompt, takeSignalsBack} from './interrupt.ts'
import {runningLab} from './running.ts'
import {paint, print} from './terminal.ts'
import {placesNow} from './trace.ts'

/** What runs at the prompt is no longer waited for. */
let giveUpCommand: () => void = () => undefined

/** @returns from a pipe what the last line came to; a person who leaves has seen what there was */
export async function debug(name: string | undefined): Promise<number> {
  const {kept, fleet} = await runningLab(name)
  const {lab, scenario} = kept
  await fleet[Symbol.asyncDispose]() // each command finds it again: it may be gone by then
  const places = placesNow(scenario)
  using prompt = openPrompt({
    text: `${lab}> `,
    complete: (line) => complete(line, places),
    history: readHistory(),
    remember: writeHistory,
  })
  const context: PromptContext = {lab, places, prompt}
  if (prompt.interactive) {
    stayAtPrompt(() => giveUpCommand())
    print(`${paint('bold', `lab ${lab}`)} on driver ${kept.driver}; help lists the commands, Tab completes, exit leaves`)
  }
  let code: number = EXIT.asClaimed
  for (let line = await prompt.next(); line !== undefined; line = await prompt.next()) {
    if (!prompt.interactive && line.trim() !== '') print(`${lab}> ${line}`)
    const asked = readLine(line, places)
    if (asked.kind === 'nothing') continue
    if (asked.kind === 'command' && asked.name === 'exit') break
    code = await carryOut(context, asked)
    if (isInterrupted()) return EXIT.interrupted
  }
  return prompt.interactive ? EXIT.asClaimed : code
}

async function carryOut(context: PromptContext, asked: ReturnType<typeof readLine>): Promise<number> {
  const {prompt} = context
  try {
    if (asked.kind === 'mistake') throw new UsageError(asked.message, [asked.help])
    if (asked.kind === 'at') return await attended(context, () => typeAt(context, asked.place, shellLine(asked.command)))
    if (asked.kind === 'nothing') return EXIT.asClaimed
    const action = async () => (await ACTIONS[asked.name]?.(context, asked.words)) ?? EXIT.asClaimed
    return await (prompt.interactive && KEEPS_KEYS.has(asked.name) ? action() : attended(context, action))
  } catch (error) {
    return fail(error)
  }
}

/** A line as a shell there reads it, so that pipes and quotes mean what they mean to a person. */
function shellLine(command: string): string[] {
  return command === '' ? [] : ['sh', '-c', command]
}

/** Off the prompt: the terminal is the command's, and Ctrl-C ends that, not the prompt. */
async function attended({prompt}: PromptContext, act: () => Promise<number>): Promise<number> {
  if (!prompt.interactive) return act()
  const given = new Promise<number>((resolve) => {
    giveUpCommand = () => resolve(EXIT.interrupted)
  })
  try {
    return await prompt.aside(() => Promise.race([act(), given]))
  } finally {
    takeSignalsBack()
  }
}
