// The files of the live page.
import type {Served} from './server.ts'

export async function pageFiles(lab: string): Promise<ReadonlyMap<string, Served>> {
  return new Map([['/', {type: 'text/html', content: `<!doctype html><title>${lab}</title>`}]])
}
