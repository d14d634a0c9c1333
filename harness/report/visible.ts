// What nodes say is shown, never obeyed: a terminal takes some characters for orders, and a few megabytes for minutes.

/** C0 (but tab and newline) and C1 controls, DEL, and what turns the direction of text or ends a line for some readers. */
const ORDERS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu

/** Text with every character that a terminal would obey written out: ESC as \x1b. */
export function visible(text: string): string {
  return text.replace(ORDERS, (character) => {
    if (character === '\n' || character === '\t') return character
    const code = character.codePointAt(0) ?? 0
    return code > 0xff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`
  })
}

const LONGEST = 400

/** One line of what somebody else wrote, visible and no longer than anybody reads. */
export function visibleLine(line: string, longest = LONGEST): string {
  const shown = visible(line.length > longest ? line.slice(0, longest) : line)
  return line.length > longest ? `${shown} ... and ${line.length - longest} characters more` : shown
}

/** The first and the last of many lines, and how many between them are left out. */
export function ends<T>(
  lines: readonly T[],
  first = 8,
  last = 4,
): {readonly head: readonly T[]; readonly left: number; readonly tail: readonly T[]} {
  // To leave one out, and to say so, would take as many lines.
  if (lines.length <= first + last + 1) return {head: lines, left: 0, tail: []}
  return {head: lines.slice(0, first), left: lines.length - first - last, tail: lines.slice(-last)}
}
