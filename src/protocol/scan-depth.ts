/**
 * Nesting of a JSON text, measured on its bytes before it is parsed: a few megabytes of "[" must not reach a recursive
 * parser. Bytes inside strings do not count.
 */

/**
 * Deepest JSON nesting a request may have. An attribute value of the service's 32 levels needs two brackets per level and a
 * handful of wrappers around the item, so this leaves room for a precise message about documents that are too deep.
 */
export const NESTING_MAX = 320;

const quote = 0x22;
const backslash = 0x5c;

/**
 * The deepest nesting of brackets and braces in `bytes`, or the first depth beyond `stopAbove` if it gets there. The text need
 * not be valid JSON; no byte is looked at twice.
 */
export function scanDepth(bytes: Uint8Array, stopAbove: number = NESTING_MAX): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        if (depth > deepest) {
          deepest = depth;
          if (deepest > stopAbove) return deepest;
        }
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case quote:
        at = closingQuote(bytes, at + 1);
        break;
      default:
    }
  }
  return deepest;
}

/** Index of the quote that ends the string whose content starts at `at`; the length of the text if there is none. */
function closingQuote(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) return at;
    if (byte === backslash) at++;
  }
  return bytes.length;
}
