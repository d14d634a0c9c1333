// A mark as podwire prints it, for eyes alone: the words stand beside it or in the name of what it is in. It is drawn and no text,
// so that what a button shows is not taken for its name (WCAG 2.2, 2.5.3 Label in Name).
import {type Mark, SIGNS} from '../matrix.ts'

export function Sign({mark}: {readonly mark: Mark}) {
  return <span class={`sign ${mark}`} data-sign={SIGNS[mark]} aria-hidden="true" />
}
