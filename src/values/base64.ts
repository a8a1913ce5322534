/** Standard base64 with padding, the wire form of binary values. Only the canonical spelling of a byte string is accepted. */
import { serialization } from "../errors.ts";

const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Throws the service's SerializationException unless `text` is canonical base64. */
export function checkBase64(text: string): void {
  const length = text.length;
  if (length === 0) return;
  if (length % 4 !== 0) {
    throw serialization(`Base64 encoded length is expected a multiple of 4 bytes but found: ${length}`);
  }
  if (!ALPHABET.test(text)) throw serialization("Invalid Base64 character detected");
  // With padding, the last digit carries four or two bits that belong to no byte: they must be zero.
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (padding === 0) return;
  const last = DIGITS.indexOf(text.charAt(length - padding - 1));
  const unused = padding === 2 ? 0xf : 0x3;
  if ((last & unused) !== 0) throw serialization("Invalid last non-pad Base64 character dectected");
}

/** The bytes of canonical base64, as a latin1 string. */
export function decodeBase64(base64: string): string {
  return atob(base64);
}
