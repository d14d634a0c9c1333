// When a lab is looked at again: soon after a change, once for many changes; again a little later while something fails, since
// neighbours, bridges and daemons take a moment; and now and then, for what no monitor tells of. Never two looks at once.

/** Milliseconds. */
const QUIET = 50
/** Changes that never end do not keep it from being looked at. */
const LONGEST = 250
/** After a look in which something failed or was lost; what a retransmitted ARP request brings is there after a second. */
const AGAIN = [1000, 3000]
const SLOWLY = 15_000

export interface RoundsOptions {
  /**
   * One look. Never rejects.
   * @param all looks at everything, whatever changed
   * @returns whether everything works: then nothing more is to be expected
   */
  readonly look: (all: boolean) => Promise<boolean>
}

export interface Rounds {
  /** Something changed. */
  changed(): void
  /** Looks at everything, now. */
  look(): void
  /** Nobody watches: from now on nothing is looked at, until somebody does, and then all at once. */
  pause(): void
  resume(): void
  /** Resolves when the look that is under way is over. */
  end(): Promise<void>
}

/** Begins paused. */
export function rounds({look}: RoundsOptions): Rounds {
  let paused = true
  let over = false
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  /** Everything is to be looked at, as soon as may be. */
  let all = true
  /** Of changes that were not looked at yet: when the first came. */
  let since: number | undefined
  /** How often it was looked at again since the last change. */
  let again = 0
  /** While changes go on, not all of the time is spent looking. */
  let earliest = 0

  function plan(delay: number, whole = false): void {
    clearTimeout(timer)
    if (!over && !paused && !running) timer = setTimeout(begin, delay, whole)
  }

  function planChanged(): void {
    const now = performance.now()
    const quiet = Math.min(QUIET, (since ?? now) + LONGEST - now)
    plan(Math.max(0, quiet, earliest - now))
  }

  function begin(whole: boolean): void {
    const began = performance.now()
    const everything = all || whole
    all = false
    since = undefined
    running = look(everything).then((works) => {
      running = undefined
      earliest = performance.now() + Math.min((performance.now() - began) / 2, LONGEST)
      if (all) return plan(0)
      if (since !== undefined) return planChanged()
      const soon = works ? undefined : AGAIN[again++]
      plan(soon ?? SLOWLY, soon === undefined)
    })
  }

  return {
    changed() {
      since ??= performance.now()
      again = 0
      if (!all) planChanged()
    },
    look() {
      all = true
      plan(0)
    },
    pause() {
      paused = true
      clearTimeout(timer)
    },
    resume() {
      if (!paused) return
      paused = false
      all = true
      plan(0)
    },
    async end() {
      over = true
      clearTimeout(timer)
      await running
    },
  }
}
