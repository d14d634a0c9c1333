// Driver ssh, on two machines with an OpenSSH server each.
import test from 'ava'
import {sshDriver} from '../../harness/drivers/ssh.ts'
import {missingForMachines, type SshMachines, startMachines} from '../tools/ssh-machines.ts'
import {holdToContract} from './suite.ts'

const missing = missingForMachines()
const machines: SshMachines | undefined = missing === undefined ? await startMachines({names: ['first', 'second']}) : undefined

await holdToContract({
  name: 'ssh',
  missing: async () => missing,
  driver: () =>
    sshDriver(machines?.driverOptions({node1: 'first', node2: 'second', left: 'first', right: 'second'}) ?? {targets: () => []}),
})

test.after.always('the machines go', async () => machines?.[Symbol.asyncDispose]())
