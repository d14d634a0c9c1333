// Exit codes, part of the stable face of podwire.
export const EXIT = {asClaimed: 0, checkFailed: 1, badInput: 2, cannotRun: 3, interrupted: 130} as const

/** Bad usage: an unknown name, an option that does not fit. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly help: readonly string[]

  constructor(message: string, help: readonly string[] = []) {
    super(message)
    this.help = help
  }
}
