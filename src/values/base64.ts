/**
 * Standard base64 with padding, the wire form of binary values. Decoding a request accepts only the canonical spelling of a byte
 * string, so equal bytes have equal texts. Its alphabet does not sort like the bytes do.
 */

/** The bytes of canonical base64, as a latin1 string. */
export function decodeBase64(base64: string): string {
  return atob(base64);
}

/** Number of bytes that canonical base64 stands for. */
export function base64Length(base64: string): number {
  const length = base64.length;
  if (length === 0) return 0;
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (length >> 2) * 3 - padding;
}

/** Orders canonical base64 by the bytes that it stands for. */
export function compareBase64(a: string, b: string): number {
  if (a === b) return 0;
  return decodeBase64(a) < decodeBase64(b) ? -1 : 1;
}
