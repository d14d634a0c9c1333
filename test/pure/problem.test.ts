import test from 'ava'
import {nearest, ScenarioError, suggestion} from '../../harness/scenario/problem.ts'

const NODES = ['node1', 'node2', 'gateway']

test('a mistyped name has a nearest one, whatever its capitals', (t) => {
  for (const [name, meant] of [
    ['nod1', 'node1'],
    ['Node2', 'node2'],
    ['GATEWAY', 'gateway'],
    ['gatewya', 'gateway'],
    ['node22', 'node2'],
    ['node1', 'node1'],
  ] as const) {
    t.is(nearest(name, NODES), meant, name)
  }
})

test('a name that is like none has none', (t) => {
  for (const name of ['paris', 'a-switch-of-my-own', '']) t.is(nearest(name, NODES), undefined, name)
  t.is(nearest('node1', []), undefined)
})

test('of names that are equally near the one is meant that begins as what was typed', (t) => {
  t.is(nearest('nod1', ['pod1', 'pod2', 'node1']), 'node1')
  t.is(nearest('od1', ['node1', 'pod1']), 'pod1')
  t.is(nearest('pod', ['sod', 'pod1', 'pods']), 'pod1')
})

test('a suggestion is the nearest name, or all of them', (t) => {
  t.is(suggestion('nod1', NODES), 'did you mean node1?')
  t.is(suggestion('paris', NODES), 'there is node1, node2, gateway')
  t.is(suggestion('paris', []), 'there is none')
})

test('an error of a scenario holds all its problems and tells them all', (t) => {
  const problems = [
    {code: 'a', message: 'first'},
    {code: 'b', message: 'second', source: {file: 'x.ts', line: 3}},
  ]
  const error = new ScenarioError(problems)
  t.deepEqual(error.problems, problems)
  t.is(error.message, 'first\nsecond')
})
