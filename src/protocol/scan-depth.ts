/**
 * Nesting of a JSON text, measured before it is parsed: a few megabytes of "[" must not reach a recursive parser. Brackets inside
 * strings do not count.
 */

/**
 * Deepest JSON nesting a request may have. An attribute value of the service's 32 levels needs two brackets per level and a
 * handful of wrappers around the item, so this leaves room for a precise message about documents that are too deep.
 */
export const NESTING_MAX = 320;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Brackets and braces differ in this bit only. */
const BRACE_BIT = 0x20;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * The deepest nesting of brackets and braces in `text`, or the first depth beyond `stopAbove` if it gets there. The text need
 * not be valid JSON; the time it takes grows with its length, whatever is in it.
 */
export function scanDepth(text: string, stopAbove: number = NESTING_MAX): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = closingQuote(text, at + 1);
    } else if ((code | BRACE_BIT) === OPENING_BRACE) {
      depth += 1;
      if (depth > deepest) {
        deepest = depth;
        if (deepest > stopAbove) return deepest;
      }
    } else if ((code | BRACE_BIT) === CLOSING_BRACE) {
      depth -= 1;
    }
  }
  return deepest;
}

/** Index of the quote that ends the string whose content starts at `start`; the length of the text if there is none. */
function closingQuote(text: string, start: number): number {
  // Searching is the runtime's, many characters at a time: strings are most of a request.
  let at = text.indexOf('"', start);
  while (at >= 0 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at;
}

/** Whether an odd number of backslashes stands before a character of a string. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return ((at - first) & 1) === 1;
}
