// Text that any XML 1.0 document can hold.
import {visible} from './visible.ts'

/**
 * What XML cannot hold even as a reference (section 2.2) is written out: controls, half a surrogate pair, U+FFFE, U+FFFF.
 * xmlbuilder2 takes `&lt;` in a text for `<` and leaves it as it is, so that every ampersand is escaped before it sees one.
 */
export function xmlText(words: string): string {
  return visible(words.toWellFormed())
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
}
