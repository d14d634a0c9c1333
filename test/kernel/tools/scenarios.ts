// Scenario files that tests write: the documents' three nodes with a few lines more, or a small one of their own.
import {fileURLToPath} from 'node:url'

const THREE_NODES = fileURLToPath(new URL('../../../scenarios/three-nodes.ts', import.meta.url))

/** The three nodes, wired right, and then these lines on node2 as a stage of their own. */
export function threeNodesAnd(lines: string): string {
  return `import {on, stage} from 'podwire'
import right from ${JSON.stringify(THREE_NODES)}

export default {
  ...right,
  title: 'three nodes and a little more',
  steps: [
    ...right.steps,
    ...stage('a little more'),
    ...on('node2')\`
${lines}
    \`,
  ],
}
`
}

/** Two nodes without pods, and these lines on node2, from line 8 of the file. */
export function twoNodesWith(lines: string): string {
  return `import {on, reach, scenario} from 'podwire'

export default scenario({
  title: 'two nodes',
  underlay: '192.168.1.0/24',
  nodes: {node1: '192.168.1.11', node2: '192.168.1.12'}, pods: {},
  steps: [...on('node2')\`
${lines}
  \`],
  checks: [reach.all()],
})
`
}
