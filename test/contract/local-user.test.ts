// Driver local as an ordinary user: as nobody, where root runs the tests.
import {localDriver} from '../../harness/drivers/local.ts'
import {missingFrom} from './missing.ts'
import {holdToContract} from './suite.ts'

const driver = () => localDriver(process.getuid?.() === 0 ? {user: {uid: 65534, gid: 65534}} : {})

await holdToContract({name: 'local', driver, missing: () => missingFrom(driver())})
