// The README's table of scenarios, made from the scenarios themselves.
import type {Scenario} from '../../harness/model.ts'
import {loadScenario, scenarioNames} from '../../harness/scenario/load.ts'

/** In the order in which the documents go, from a single node to services. */
export async function shownScenarios(): Promise<Scenario[]> {
  const all = await Promise.all(scenarioNames().map(loadScenario))
  return all.filter(({shows}) => shows.length > 0)
}

/** Those of ready networks, by name. */
export async function solutionScenarios(): Promise<Scenario[]> {
  return (await Promise.all(scenarioNames().map(loadScenario))).filter(({solution}) => solution !== undefined)
}

/** Markdown, a row a ready network: its scenario, its name, what its packets travel in, and its MTU. */
export function solutionTable(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map(({name, solution, title, mtu = 1500, needs}) => {
    const also = needs.filter(({tool}) => tool !== 'tshark').map((need) => need.package)
    return `| [${name}](scenarios/${name}.ts) | ${solution} | ${title.replace(/^[^:]*: /, '')} | ${mtu} | ${also.join(', ') || '-'} |`
  })
  return ['| scenario | network | its datapath | MTU | needs besides tshark |', '| --- | --- | --- | --- | --- |', ...rows].join('\n')
}

/** Markdown, a row a scenario: its name and the statements that it shows. */
export function scenarioTable(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map(({name, shows}) => `| [${name}](scenarios/${name}.ts) | ${shows.map((words) => `“${words}”`).join('<br>')} |`)
  return ['| scenario | what the documents state |', '| --- | --- |', ...rows].join('\n')
}
