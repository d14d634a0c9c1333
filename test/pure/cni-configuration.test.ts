// The configuration lists that a container runtime would read from /etc/cni/net.d of each node.
import {accessSync, constants, readFileSync} from 'node:fs'
import test from 'ava'
import {loadScenario} from '../../harness/scenario/load.ts'

const CNI = new URL('../../fixtures/cni/', import.meta.url)

for (const [number, node] of ['node1', 'node2', 'node3'].entries()) {
  test(`${node}'s list names a plugin that is there, the course's bridge and the node's own pod subnet`, (t) => {
    const list = JSON.parse(readFileSync(new URL(`${node}/10-podwire.conflist`, CNI), 'utf8'))
    const [plugin] = list.plugins
    t.is(list.plugins.length, 1) // chained with nothing else
    t.deepEqual(list.cniVersions, ['1.0.0', '1.1.0'])
    t.true(list.cniVersions.includes(list.cniVersion)) // a runtime older than cniVersions reads this one alone
    t.notThrows(() => accessSync(new URL(plugin.type, CNI), constants.X_OK))
    t.is(plugin.bridge, 'v-net-0')
    t.deepEqual(plugin.ipam.ranges, [[{subnet: `10.244.${number + 1}.0/24`, gateway: `10.244.${number + 1}.1`}]])
    t.true(plugin.ipam.dataDir.startsWith('/run/'), 'nodes of a lab share all of the file system but /run')
  })
}

test('the lists agree with three-nodes about bridges and gateways', async (t) => {
  const {stages} = await loadScenario('three-nodes')
  const steps = stages.flatMap((stage) => stage.steps)
  for (const node of ['node1', 'node2', 'node3']) {
    const list = JSON.parse(readFileSync(new URL(`${node}/10-podwire.conflist`, CNI), 'utf8'))
    const [{bridge, ipam}] = list.plugins
    const line = `ip addr add ${ipam.ranges[0][0].gateway}/24 dev ${bridge}`
    t.true(
      steps.some((step) => step.node === node && step.command === line),
      line,
    )
  }
})
