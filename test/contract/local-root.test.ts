// Driver local as whoever runs the tests: root, in most places.
import {localDriver} from '../../harness/drivers/local.ts'
import {missingFrom} from './missing.ts'
import {holdToContract} from './suite.ts'

await holdToContract({name: 'local', driver: () => localDriver(), missing: () => missingFrom(localDriver())})
