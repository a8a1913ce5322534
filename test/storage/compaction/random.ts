/** Numbers below `bound`, the same ones for the same seed. */
export function seededRandom(seed: number): (bound: number) => number {
  let state = seed | 1;
  return (bound) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d);
    state = Math.imul(state ^ (state >>> 12), 0x297a_2d39);
    state = (state ^ (state >>> 15)) + 0x6d2b_79f5;
    return (state >>> 0) % bound;
  };
}
