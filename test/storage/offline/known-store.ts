import assert from "node:assert/strict";
import { type LocalStore, memoryVfs, openStore, type StoreOptions } from "../../../storage/index.ts";
import type { Loss } from "../../../storage/offline/problem.ts";
import { isInRange } from "../../../storage/offline/problem.ts";
import { contents } from "../../store/subject.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { filesOf, type StoredFiles, type vfsOf } from "../formats/stored-files.ts";

export const spaces = [
  "00000000-0000-4000-8000-00000000000a",
  "00000000-0000-4000-8000-00000000000b",
] as const;
const copies = ["00000000-0000-4000-8000-0000000000ca", "00000000-0000-4000-8000-0000000000cb"] as const;
const feed = "00000000-0000-4000-8000-00000000000f";

const small: Omit<StoreOptions, "vfs"> = {
  memtableBytesMax: 64 << 10,
  segmentBytesMax: 4 << 10,
  logLagBytesMax: 10 << 10,
  manifestBytesMin: 1 << 10,
  logFillBytes: 0,
  blockBytes: 256,
  tableBytes: 1 << 10,
  level0Files: 3,
  levelBytesMin: 1 << 10,
  levelFanOut: 3,
};

/** One version of a row; `value` undefined: a delete. */
interface Version {
  readonly sequence: number;
  readonly value: string | undefined;
}

type History = ReadonlyMap<string, readonly Version[]>;

type Ending = "killed" | "closed";
const made = new Map<Ending, Promise<KnownStore>>();

/** The store that came to that end; made once. */
export function knownStore(ending: Ending): Promise<KnownStore> {
  const known = made.get(ending) ?? makeStore(ending);
  made.set(ending, known);
  return known;
}

/** A data directory of a store whose whole history is known. */
export interface KnownStore {
  readonly files: StoredFiles;
  /** Per space and key, oldest version first. */
  readonly rows: ReadonlyMap<string, History>;
  /** What the feed showed: sequence and tag of each record. */
  readonly changes: readonly { readonly sequence: number; readonly tag: string }[];
  readonly checkpoint: string;
  /** The rows of the first space in the checkpoint. */
  readonly checkpointed: Readonly<Record<string, string | undefined>>;
}

/** Rows that are written, overwritten and deleted in two spaces by common commits; flushed, compacted, in a checkpoint, and only in the log. */
async function makeStore(ending: Ending): Promise<KnownStore> {
  const commits = 240;
  const vfs = memoryVfs();
  const clock = new ManualClock();
  const store = await openStore({ ...small, vfs, clock });
  for (const id of spaces) await store.createSpace(id);
  await store.createFeed(feed, { shards: 1, oldValues: false });
  const random = seededRandom(7);
  const rows = new Map(spaces.map((id) => [id as string, new Map<string, Version[]>()]));
  let checkpoint = "";
  let checkpointed: KnownStore["checkpointed"] = {};
  for (let n = 1; n <= commits; n++) {
    const key = `key-${String(Math.floor(random() * 120)).padStart(3, "0")}`;
    const value = random() < 0.15 ? undefined : `${n}:${noise(random, 10 + Math.floor(random() * 60))}`;
    const sequence = await commit(store, key, value, String(n));
    for (const history of rows.values()) history.set(key, [...(history.get(key) ?? []), { sequence, value }]);
    if (n === Math.floor(commits * 0.6)) {
      checkpointed = await contents(store, spaces[0]);
      checkpoint = (await store.checkpoint([spaces[0]])).id;
    }
    if (n % 10 === 0) await rest(store, clock);
  }
  await rest(store, clock);
  const changes = await changesOf(store);
  // So that the log says of its last commit that it is durable.
  for (let n = 0; n < 3; n++) clock.advance(50);
  let files = filesOf(vfs);
  await store.close();
  if (ending === "closed") files = filesOf(vfs);
  return { files, rows, changes, checkpoint, checkpointed };
}

/** Text that does not compress, so that small stores have several levels. */
const noise = (random: () => number, length: number) =>
  Array.from({ length }, () => String.fromCharCode(33 + Math.floor(random() * 90))).join("");

/** Until flushes, compactions and trims have come to an end. */
async function rest(store: LocalStore, clock: ManualClock): Promise<void> {
  for (let quiet = 0; quiet < 10; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
    if (store.counters().compactionsDue > 0) quiet = 0;
  }
}

async function commit(
  store: LocalStore,
  key: string,
  value: string | undefined,
  tag: string,
): Promise<number> {
  const encoded = value === undefined ? undefined : new TextEncoder().encode(value);
  const reads = spaces.map((space) => ({ space, key }));
  const outcome = await store.transact({ reads }, () => ({
    kind: "commit",
    writes: reads.map((row) => ({ ...row, value: encoded })),
    changes: [{ feed, shard: 0, row: { space: spaces[0], key }, tag: new TextEncoder().encode(tag) }],
    result: undefined,
  }));
  assert(outcome.kind === "committed", `a commit was ${outcome.kind}`);
  return sequenceOf(outcome.positions[0] ?? "");
}

const sequenceOf = (position: string) => Number(position.slice(0, 16));

async function changesOf(store: LocalStore) {
  const { records } = await store.readFeed(feed, 0, "", 1_000_000);
  return records.map(({ position, tag }) => ({
    sequence: sequenceOf(position),
    tag: new TextDecoder().decode(tag),
  }));
}

/** Opens the files, and compares all that can be seen with what was there and what is said to be lost. Then writes on, and opens again. */
export async function checkRemains(
  vfs: ReturnType<typeof vfsOf>,
  known: KnownStore,
  losses: readonly Loss[],
): Promise<void> {
  const clock = new ManualClock();
  const store = await openStore({ ...small, vfs, clock });
  for (const space of spaces) checkRows(await contents(store, space), space, known, losses);
  const last = checkChanges(await changesOf(store), known, losses);
  await checkCheckpoint(store, known, losses);
  const sequence = await commit(store, "key-new", "new", "new");
  assert(sequence > last, `sequence ${sequence} may have been given out before`);
  assert.equal((await changesOf(store)).at(-1)?.tag, "new");
  await rest(store, clock);
  await store.close();
  const again = await openStore({ ...small, vfs, clock });
  for (const space of spaces) {
    const { "key-new": added, ...rows } = await contents(again, space);
    assert.equal(added, "new");
    checkRows(rows, space, known, losses);
  }
  await again.close();
}

const isLostCommit = (sequence: number, losses: readonly Loss[]) =>
  losses.some(
    (loss) =>
      loss.kind === "commits" && sequence >= loss.first && sequence <= (loss.last ?? Number.MAX_VALUE),
  );

function checkRows(
  found: Readonly<Record<string, string | undefined>>,
  space: string,
  { rows }: KnownStore,
  losses: readonly Loss[],
): void {
  const history = rows.get(space) ?? new Map<string, Version[]>();
  for (const key of Object.keys(found)) assert(history.has(key), `${key} was never written`);
  for (const [key, versions] of history) {
    const value = found[key];
    const allowed = allowedValues(key, versions, space, losses);
    assert(allowed.has(value), `${space} ${key} is ${value}; it may be ${[...allowed].join(" or ")}`);
  }
}

function allowedValues(
  key: string,
  versions: readonly Version[],
  space: string,
  losses: readonly Loss[],
): Set<string | undefined> {
  const allowed = new Set<string | undefined>();
  // The newest version, and, as long as its commit may be lost, the one before.
  let isDecided = false;
  for (const { sequence, value } of versions.toReversed()) {
    allowed.add(value);
    isDecided = !isLostCommit(sequence, losses);
    if (isDecided) break;
  }
  if (!isDecided) allowed.add(undefined);
  for (const loss of losses) {
    if (loss.kind === "edits") for (const { value } of versions) allowed.add(value).add(undefined);
    if (loss.kind !== "rows" || loss.space !== space || loss.checkpoint !== undefined) continue;
    if (!isInRange(key, loss.range)) continue;
    allowed.add(undefined);
    if (loss.older) for (const { value } of versions) allowed.add(value);
  }
  return allowed;
}

/** Returns the newest sequence that was ever given out. */
function checkChanges(
  found: KnownStore["changes"],
  { changes }: KnownStore,
  losses: readonly Loss[],
): number {
  const trimmed = losses.flatMap((loss) => (loss.kind === "trimmed" ? [loss.last] : []));
  const trim = Math.max(0, ...trimmed);
  const expected = changes.filter(({ sequence }) => sequence > trim && !isLostCommit(sequence, losses));
  assert.deepEqual(
    found.filter(({ sequence }) => sequence > trim),
    expected,
    "changes behind the trim are all there, once, in order",
  );
  if (trim === 0) assert.deepEqual(found, expected);
  return changes.at(-1)?.sequence ?? 0;
}

async function checkCheckpoint(store: LocalStore, known: KnownStore, losses: readonly Loss[]): Promise<void> {
  const checkpoint = store.checkpoints().find(({ id }) => id === known.checkpoint);
  assert(checkpoint !== undefined, "the checkpoint is there");
  await store.restore(checkpoint, new Map([[spaces[0], copies[0]]]));
  const rows = await contents(store, copies[0]);
  const gaps = losses.filter((loss) => loss.kind === "rows" && loss.checkpoint === known.checkpoint);
  for (const key of new Set([...Object.keys(rows), ...Object.keys(known.checkpointed)])) {
    const gap = gaps.find((loss) => loss.kind === "rows" && isInRange(key, loss.range));
    const isRight = rows[key] === known.checkpointed[key];
    const mayBeGone = gap?.kind === "rows" && (rows[key] === undefined || gap.older);
    assert(isRight || mayBeGone, `${key} of the checkpoint is ${rows[key]}, not ${known.checkpointed[key]}`);
  }
  await store.dropSpace(copies[0]);
}
