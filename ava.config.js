// How the tests run: `make test`, or `npx ava` for some of them.
import {writeFileSync} from 'node:fs'
import {relative} from 'node:path'

export default {
  // What takes minutes is not in `make test`: `make test-deep`.
  files: process.env.PODWIRE_TEST_DEEP
    ? ['test/deep/**/*.test.ts']
    : ['test/*.test.ts', 'test/{pure,contract,kernel,browser}/**/*.test.ts'],
  extensions: ['ts'],
  nodeArguments: ['--import=tsx', '--disable-warning=ExperimentalWarning'],
  // Labs are processes and signals: a test file needs a process of its own, and two cores carry two of them.
  workerThreads: false,
  concurrency: 2,
  // For hangs alone: every command in a lab has a shorter limit of its own.
  timeout: '3m',
  nonSemVerExperiments: {observeRunsFromConfig: true},
  observeRun,
}

/**
 * Writes ava's own count for test/run.sh, which prints it as the last line of all, and which test files failed tests, where
 * nothing but tests failed. Nothing is parsed, so no title or output of a test can be mistaken for a result.
 */
async function observeRun({events}) {
  const {PODWIRE_TEST_COUNT: path, PODWIRE_TEST_FAILED: list} = process.env
  if (path === undefined) return
  let stats
  const files = new Set()
  process.on('exit', (code) => {
    if (stats === undefined) return
    const passed = stats.passedTests + stats.passedKnownFailingTests
    // What was begun and never reported has failed too: timeouts, and what a dying test file took with it.
    const failed = stats.failedTests + stats.failedHooks + stats.remainingTests
    // Ava can fail without a failed test, on a file that throws while it loads.
    const line = `${passed} passed, ${code !== 0 && failed === 0 ? 1 : failed} failed`
    writeFileSync(path, stats.skippedTests > 0 ? `${line}, ${stats.skippedTests} skipped\n` : `${line}\n`)
    if (list !== undefined && stats.failedTests > 0 && OTHERWISE.every((kind) => stats[kind] === 0))
      writeFileSync(list, [...files].map((file) => `${file}\n`).join(''))
  })
  for await (const event of events) {
    if (event.type === 'stats') stats = event.stats
    if (event.type === 'test-failed') files.add(relative(import.meta.dirname, event.testFile))
  }
}

/** How a run fails but by a test that says so. */
const OTHERWISE = [
  'failedHooks',
  'failedWorkers',
  'internalErrors',
  'remainingTests',
  'sharedWorkerErrors',
  'timedOutTests',
  'uncaughtExceptions',
  'unexpectedProcessExits',
  'unhandledRejections',
]
