// The first line of a run: which driver, and why.
import {engineTurn} from './tools/engine-turn.ts'
import {makeHome} from './tools/home.ts'
import {inDocker, onEach} from './tools/runners.ts'
import {twoNodesWith} from './tools/scenarios.ts'

onEach([inDocker], 'where an engine answers, auto takes it, and the first line says once which it is', async (t, runner) => {
  await using _ = await engineTurn(runner)
  await using home = makeHome(runner)
  home.write('small.ts', twoNodesWith('    ip link add v0 type bridge'))
  const {code, stdout, stderr} = await home.podwire(['run', './small.ts'], {env: {NO_COLOR: '1'}})
  t.is(code, 0, stderr)
  t.regex(stdout, /^driver docker \(a Docker engine answers\): containers on Docker \S+ at unix:\S+\n/)
})
