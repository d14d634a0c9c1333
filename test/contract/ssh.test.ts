// Driver ssh, on two machines with an OpenSSH server each.
import test from 'ava'
import {resolver} from '../../harness/drivers/ssh/config.ts'
import {sshDriver} from '../../harness/drivers/ssh.ts'
import {missingForMachines, type SshMachines, startMachines} from '../tools/ssh-machines.ts'
import {holdToContract} from './suite.ts'

const missing = missingForMachines()
const machines: SshMachines | undefined = missing === undefined ? await startMachines({names: ['first', 'second']}) : undefined

await holdToContract({
  name: 'ssh',
  missing: async () => missing,
  driver() {
    const resolve = resolver({config: machines?.config})
    return sshDriver({targets: (nodes) => nodes.map((_, index) => resolve({host: machines?.machines[index]?.name ?? ''}))})
  },
})

test.after.always('the machines go', async () => machines?.[Symbol.asyncDispose]())
