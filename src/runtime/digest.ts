/**
 * Checksums, digests and random bytes from the runtime itself. `node:crypto` and `node:zlib` have them too, but importing
 * those two costs a quarter of the program's start.
 */

/** CRC-32 (IEEE), unsigned. A string is taken as UTF-8. */
export const crc32 = (data: string | Uint8Array): number => Bun.hash.crc32(data);

/** SHA-256, 32 bytes. A string is taken as UTF-8. */
export function sha256(data: string | Uint8Array): Uint8Array {
  const digest = new Uint8Array(32);
  Bun.SHA256.hash(data, digest);
  return digest;
}

/** HMAC-SHA-256 of the parts one after the other, 32 bytes. */
export function hmacSha256(key: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hmac = new Bun.CryptoHasher("sha256", key);
  for (const part of parts) hmac.update(part);
  return new Uint8Array(hmac.digest());
}

/** Whether two digests are equal, in a time that does not tell where they differ. */
export function equalDigests(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at += 1) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

/** Unpredictable bytes. */
export const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

/** An MD5 sum that grows: a checksum of files, no more. */
export class Md5 {
  readonly #hasher = new Bun.CryptoHasher("md5");

  update(data: string | Uint8Array): this {
    this.#hasher.update(data);
    return this;
  }

  /** The sum, once. */
  digest(): Buffer {
    return this.#hasher.digest();
  }
}
