// podwire's commands. Each action is loaded when it is called, so that a command pays for nothing it does not use.
import {enableCompileCache} from 'node:module'

enableCompileCache()
const {program} = await import('./program.ts')
const {watchInterrupts} = await import('./interrupt.ts')

watchInterrupts()
process.exitCode = await program(process.argv.slice(2))
