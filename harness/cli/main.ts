// podwire's commands. Each action is loaded when it is called, so that a command pays for nothing it does not use.
import {enableCompileCache} from 'node:module'

enableCompileCache()
const {program} = await import('./program.ts')
const {isInterrupted, watchInterrupts} = await import('./interrupt.ts')
const {endWith, watchOutput} = await import('./output.ts')

watchInterrupts()
watchOutput()
const code = await program(process.argv.slice(2))
// A library's idle connection must not keep a command that is done from ending. Output to a pipe is written first. An
// interrupted one ends when all it held is disposed: interrupt.ts sees to that.
if (!isInterrupted()) endWith(code)
