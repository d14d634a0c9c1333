// Policy rules (ip-rule(8)) that are new or gone. Pure.
import type {RuleFacts} from '../../facts/facts.ts'
import {ruleWords} from '../../trace/routing.ts'
import type {Change, Scene} from './change.ts'

/** Rules that choose another table than before. */
export function ruleChanges({was, is, inside}: Scene): Change[] {
  return ([4, 6] as const).flatMap((family) => {
    const ip = `ip ${inside}${family === 6 ? '-6 ' : ''}rule`
    const change = (rule: RuleFacts, there: boolean): Change => ({
      kind: 'rule',
      cause: 'policy-rule',
      object: ruleWords(rule),
      ...(there && {rule}),
      evidence: there ? `there was no rule ${ruleWords(rule)}` : `there was the rule ${ruleWords(rule)}`,
      undo: [`${ip} ${there ? 'del' : 'add'} ${ruleWords(rule).replace(/^(\d+):/, 'priority $1')}`],
      revert: (now) => ({
        ...now,
        rules: {
          ...now.rules,
          [family]: there ? now.rules[family].filter((each) => ruleWords(each) !== ruleWords(rule)) : [...now.rules[family], rule],
        },
      }),
    })
    const has = (rules: readonly RuleFacts[], rule: RuleFacts) => rules.some((each) => ruleWords(each) === ruleWords(rule))
    return [
      ...is.rules[family].filter((rule) => !has(was.rules[family], rule)).map((rule) => change(rule, true)),
      ...was.rules[family].filter((rule) => !has(is.rules[family], rule)).map((rule) => change(rule, false)),
    ]
  })
}
