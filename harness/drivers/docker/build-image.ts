// `make node-image`: makes the image of the docker driver's nodes, where it is missing.
import {MachineError} from '../../driver.ts'
import {requireEngine} from './engine.ts'
import {ensureImage} from './image.ts'

try {
  const {docker, description} = await requireEngine()
  const name = await ensureImage(docker, (line) => console.error(line))
  console.log(`${name} is there, on ${description}`)
} catch (error) {
  if (!(error instanceof MachineError)) throw error
  console.error([`error[${error.code}]: ${error.message}`, ...error.help.map((line) => `   = help: ${line}`)].join('\n'))
  process.exitCode = 3
}
