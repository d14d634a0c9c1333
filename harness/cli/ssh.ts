// The ssh driver's options on the command line, and what it asks a person and tells one.
import {closeSync, openSync} from 'node:fs'
import {ReadStream} from 'node:tty'
import {MachineError} from '../driver.ts'
import {InventoryError, machinesFrom} from '../drivers/ssh/inventory.ts'
import type {Restored, SshDriverOptions} from '../drivers/ssh.ts'
import {restoredText} from '../report/machines.ts'
import {UsageError} from './exit.ts'
import type {SshChoices} from './ssh-choices.ts'
import {complain} from './terminal.ts'

/** @throws UsageError when an inventory or an option is wrong */
export function sshOptions(choices: SshChoices, restored: (restored: Restored) => void = tell): SshDriverOptions {
  const targets = inWords(() => machinesFrom(machinesOf(choices)))
  return {
    targets: (nodes) => inWords(() => targets(nodes)),
    ask: askPassphrase,
    restored,
    ...(choices.bare && {bare: true}),
    ...(choices.allowCutoff && {allowCutoff: true}),
    ...(choices.underlay && {attachment: choices.underlay}),
  }
}

export function machinesOf({inventory, node, sshConfig, acceptNew}: SshChoices) {
  return {inventory, nodes: node, config: sshConfig, acceptNew}
}

export function inWords<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof InventoryError) throw new UsageError(error.message, error.help)
    throw error
  }
}

function tell(restored: Restored): void {
  if (restored.left.length > 0 || restored.undone.length > 0) complain(restoredText(restored))
}

/** Asks on the terminal, without showing what is typed. Undefined where there is none. */
async function askPassphrase(key: string, attempt: number): Promise<string | undefined> {
  let file: number
  try {
    file = openSync('/dev/tty', 'r+')
  } catch {
    throw new MachineError('passphrase', `${key} has a passphrase, and there is no terminal to ask at`, [
      'give it to an agent first: ssh-add',
    ])
  }
  const terminal = new ReadStream(file)
  terminal.setRawMode(true) // before it asks: what is typed is never shown
  complain(`${attempt > 1 ? 'That was not it. ' : ''}Passphrase for ${key}:`)
  try {
    return await typed(terminal)
  } finally {
    terminal.setRawMode(false)
    terminal.destroy()
    try {
      closeSync(file)
    } catch {} // the stream has closed it
  }
}

/** A line; Ctrl-C and Ctrl-D are no answer. */
async function typed(terminal: ReadStream): Promise<string | undefined> {
  let line = ''
  for await (const chunk of terminal) {
    for (const letter of String(chunk)) {
      if (letter === '\r' || letter === '\n') return line
      if (letter === '\x03' || letter === '\x04') return undefined
      line = letter === '\x7f' ? line.slice(0, -1) : line + letter
    }
  }
  return undefined
}
