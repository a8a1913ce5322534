import { seededRandom } from "../../support/seeded-random.ts";

/** Of a row that a transaction reads and writes. A number of bytes, or undefined for a delete. */
export interface WriteStep {
  readonly space: number;
  readonly key: number;
  readonly bytes: number | undefined;
}

export interface Transaction {
  readonly writes: readonly WriteStep[];
  /** Refuse unless the first row is there, or is not. */
  readonly condition?: "present" | "absent";
  /** Of the first row's space: the right generation, or one too high; the right one may be raised. */
  readonly fence?: "right" | "wrong" | "raise";
  /** Report the first row to the feed. */
  readonly reports: boolean;
}

/**
 * One thing done to a store: plain data, so that lists can be printed, cut and replayed. Numbers name spaces, keys, snapshots and so on
 * among those that there are by then, whatever was cut out before.
 */
export type Operation =
  | { readonly do: "commit"; readonly together: readonly Transaction[] }
  | { readonly do: "get"; readonly space: number; readonly key: number }
  | {
      readonly do: "range";
      readonly space: number;
      readonly from: number;
      readonly to: number;
      readonly reverse: boolean;
      readonly rowsMax: number;
      readonly bytesMax: number;
      /** Of an open snapshot, if there is one; undefined: of now. */
      readonly snapshot: number | undefined;
    }
  | { readonly do: "takeSnapshot" }
  | { readonly do: "closeSnapshot"; readonly snapshot: number }
  | { readonly do: "createSpace" }
  | { readonly do: "dropSpace"; readonly space: number }
  | { readonly do: "readFeed"; readonly shard: number; readonly after: number; readonly limit: number }
  | { readonly do: "load"; readonly rows: number; readonly bytes: number }
  | { readonly do: "checkpoint" }
  | { readonly do: "restore"; readonly checkpoint: number }
  | { readonly do: "figures" }
  | { readonly do: "rest" }
  | { readonly do: "reopen" };

const keyCount = 50;

export function randomOperations(seed: number, count: number): Operation[] {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(...choices: readonly T[]): T => choices[below(choices.length)] as T;
  const size = () => (random() < 0.06 ? below(6_000) : below(250));
  const write = (): WriteStep => ({
    space: below(9),
    key: below(keyCount),
    bytes: random() < 0.25 ? undefined : size(),
  });
  const transaction = (): Transaction => ({
    writes: Array.from({ length: 1 + below(5) }, write),
    ...(random() < 0.2 ? { condition: pick("present", "absent") } : {}),
    ...(random() < 0.2 ? { fence: pick("right", "right", "wrong", "raise") } : {}),
    reports: random() < 0.5,
  });
  const operation = (): Operation => {
    const dice = random();
    if (dice < 0.5) return { do: "commit", together: Array.from({ length: 1 + below(6) }, transaction) };
    if (dice < 0.6) return { do: "get", space: below(9), key: below(keyCount) };
    if (dice < 0.76)
      return {
        do: "range",
        space: below(9),
        from: below(keyCount),
        to: below(keyCount),
        reverse: random() < 0.5,
        rowsMax: 1 + below(20),
        bytesMax: 1 + below(3_000),
        snapshot: random() < 0.6 ? below(9) : undefined,
      };
    if (dice < 0.8) return { do: "takeSnapshot" };
    if (dice < 0.83) return { do: "closeSnapshot", snapshot: below(9) };
    if (dice < 0.845) return { do: "createSpace" };
    if (dice < 0.855) return { do: "dropSpace", space: below(9) };
    if (dice < 0.915) return { do: "readFeed", shard: below(2), after: below(1_000), limit: 1 + below(30) };
    if (dice < 0.925) return { do: "load", rows: below(150), bytes: below(200) };
    if (dice < 0.94) return { do: "checkpoint" };
    if (dice < 0.95) return { do: "restore", checkpoint: below(9) };
    if (dice < 0.965) return { do: "figures" };
    if (dice < 0.98) return { do: "rest" };
    return { do: "reopen" };
  };
  const ends: Operation[] = [
    { do: "figures" },
    ...[0, 1].map((shard): Operation => ({ do: "readFeed", shard, after: 0, limit: 100_000 })),
  ];
  return [{ do: "createSpace" }, ...Array.from({ length: count }, operation), ...ends];
}
