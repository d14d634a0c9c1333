// The JSON Schemas of the stable face, in fixtures/schema/.
import {readFileSync} from 'node:fs'
import {Ajv2020} from 'ajv/dist/2020.js'

/** What is wrong with a document by the schema of this name; empty when nothing is. */
export function mistakesIn(
  document: unknown,
  name: 'cleaned' | 'comparison' | 'diagnosis' | 'doctor' | 'error' | 'labs' | 'removed' | 'result' | 'topology' | 'trace' | 'ui',
): string[] {
  const ajv = new Ajv2020({allErrors: true, strict: true, allowUnionTypes: true})
  const validate = ajv.addSchema(schemaOf('facts')).compile(schemaOf(name))
  return validate(document) ? [] : (validate.errors ?? []).map(({instancePath, message}) => `${instancePath} ${message}`)
}

function schemaOf(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/schema/${name}.json`, import.meta.url), 'utf8')) as Record<string, unknown>
}
