/**
 * The smallest part of a list found for which `fails` still holds, by leaving out ever shorter stretches; `attemptsMax` bounds the work.
 * The list itself must fail.
 */
export async function reduce<T>(
  list: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
  attemptsMax = 300,
): Promise<readonly T[]> {
  let least = list;
  let attempts = 0;
  for (let length = Math.ceil(list.length / 2); ; length = Math.ceil(length / 2)) {
    let isSmaller = false;
    for (let start = 0; start < least.length && attempts < attemptsMax; attempts++) {
      const part = [...least.slice(0, start), ...least.slice(start + length)];
      if (await fails(part)) {
        least = part;
        isSmaller = true;
      } else start += length;
    }
    if (attempts >= attemptsMax || (length === 1 && !isSmaller)) return least;
  }
}
