// What became of the machines that a lab was on, in words.
import type {Restored} from '../drivers/ssh.ts'

/** One line a machine. */
export function restoredText({node, machine, undone, left}: Restored): string {
  if (left.length > 0) return `${node} (${machine}) is NOT as it was: ${left.join('; ')}`
  const how = undone.length === 0 ? '' : `, ${undone.length} ${undone.length === 1 ? 'change' : 'changes'} undone`
  return `${node} (${machine}) is as it was${how}`
}

/** All of them, under a heading; nothing where there is none. */
export function machinesText(restored: readonly Restored[]): string {
  return restored.length === 0 ? '' : ['The machines', ...restored.map(restoredText)].join('\n')
}
