/** Damage of every sort to a file's bytes: single bits, numbers at their edges, pieces lost, doubled, moved, replaced. */
export function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  let result: Uint8Array = bytes.slice();
  const rounds = 1 + Math.floor(random() * 3);
  for (let round = 0; round < rounds; round++) result = mutatedOnce(result, random);
  return result;
}

const edges = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];

function mutatedOnce(bytes: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  const at = below(bytes.length);
  const length = 1 + below(random() < 0.5 ? 8 : 200);
  const end = Math.min(bytes.length, at + length);
  const piece = bytes.slice(at, end);
  switch (below(7)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      return bytes;
    case 1: {
      if (at + 4 > bytes.length) return bytes;
      const number = edges[below(edges.length)] ?? 0;
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, number, true);
      return bytes;
    }
    case 2:
      for (let i = at; i < end; i++) bytes[i] = below(256);
      return bytes;
    case 3:
      bytes.set(piece.subarray(0, bytes.length - below(bytes.length)).subarray(0, bytes.length - at), at);
      bytes.copyWithin(below(bytes.length), at, end);
      return bytes;
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(end));
    case 5:
      return joined(bytes.subarray(0, at), piece, bytes.subarray(at));
    default:
      return bytes.slice(0, at);
  }
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of pieces) {
    result.set(piece, end);
    end += piece.length;
  }
  return result;
}

/** Nothing but noise, of up to `lengthMax` bytes. */
export function noise(lengthMax: number, random: () => number): Uint8Array {
  return new Uint8Array(Math.floor(random() * lengthMax)).map(() => random() * 256);
}
