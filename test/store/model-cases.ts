import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Key, Page, RangeRequest, Snapshot, SpaceId, Store, Write } from "../../storage/store.ts";
import {
  bytes,
  commit,
  contents,
  newSpace,
  number,
  type StoreFactory,
  sharedStore,
  text,
  transact,
} from "./subject.ts";

type Rows = readonly (readonly [Key, string | undefined])[];
type Model = Map<Key, string>;
type Range = Omit<RangeRequest, "space">;

type Step =
  | { readonly kind: "write" | "refuse"; readonly rows: Rows }
  | { readonly kind: "range"; readonly range: Range }
  | { readonly kind: "snapshot" }
  | { readonly kind: "look back" };

/** Few keys, so that transactions meet; of different lengths and with the extreme bytes, so that their order is tried. */
const keys = ["", "\0", "a", "a\0", "ab", "b", "b\x7f", "b\x80", "b\xff", "c", "\xff", "\xff\xff"] as const;
const key = fc.constantFrom<Key[]>(...keys);
/** Long enough to fill small memtables within one run. */
const content = fc.string({ maxLength: 12 }).map((start) => start.repeat(25));
const value = fc.option(content, { nil: undefined, freq: 3 });
const rows = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 5 });
const optional = fc.record({ ge: key, gt: key, lt: key, le: key }, { requiredKeys: [] });
const limits = fc.record({
  reverse: fc.boolean(),
  rowsMax: fc.integer({ min: 1, max: 8 }),
  bytesMax: fc.integer({ min: 1, max: 1_000 }),
});
const range = fc.tuple(optional, limits).map(([bounds, rest]): Range => ({ ...bounds, ...rest }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("write" as const), rows }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("refuse" as const), rows }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("range" as const), range }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "snapshot" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "look back" }) },
);

/** What a range over the model answers; `more` is undefined where the contract leaves it open. */
function modelRange(model: Model, { ge = "", gt, lt, le, reverse, rowsMax, bytesMax }: Range) {
  const within = [...model.keys()].sort().filter((name) => {
    const above = name >= ge && (gt === undefined || name > gt);
    return above && (lt === undefined || name < lt) && (le === undefined || name <= le);
  });
  if (reverse === true) within.reverse();
  const found: [Key, string][] = [];
  let size = 0;
  let stopped = false;
  for (const name of within) {
    const content = model.get(name) ?? "";
    found.push([name, content]);
    size += content.length;
    stopped = found.length >= rowsMax || size >= bytesMax;
    if (stopped) break;
  }
  return { rows: found, more: !stopped ? false : found.length < within.length ? true : undefined };
}

const plain = (page: Page) => page.rows.map(({ key: name, value: content }) => [name, text(content)]);

class Run {
  #store: Store;
  readonly #space: SpaceId;
  readonly #model: Model = new Map();
  #held: { readonly snapshot: Snapshot; readonly model: Model }[] = [];

  constructor(store: Store, space: SpaceId) {
    this.#store = store;
    this.#space = space;
  }

  async perform(next: Step): Promise<void> {
    switch (next.kind) {
      case "write":
      case "refuse":
        return await this.#write(next.rows, next.kind === "refuse");
      case "range": {
        const snapshot = await this.#store.snapshot([this.#space]);
        await this.#compare(snapshot, this.#model, next.range);
        snapshot.close();
        return;
      }
      case "snapshot":
        this.#held.push({ snapshot: await this.#store.snapshot([this.#space]), model: new Map(this.#model) });
        return;
      case "look back":
        return await this.finish();
    }
  }

  /** Goes on with another store, which holds what this one held when it was closed. */
  async reopen(open: () => Promise<Store>): Promise<void> {
    for (const { snapshot } of this.#held.splice(0)) snapshot.close();
    await this.#store.close();
    this.#store = await open();
  }

  async close(): Promise<void> {
    await this.finish();
    await this.#store.close();
  }

  /** Compares what is there now and in every snapshot held, and lets go of these. */
  async finish(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    held.push({ snapshot: await this.#store.snapshot([this.#space]), model: this.#model });
    for (const { snapshot, model } of held) {
      await this.#compare(snapshot, model, { rowsMax: 1_000, bytesMax: 1_000_000 });
      const points = await snapshot.getMany(keys.map((name) => ({ space: this.#space, key: name })));
      expect(points.map(text)).toEqual(keys.map((name) => model.get(name)));
      snapshot.close();
    }
  }

  async #write(changed: Rows, refuse: boolean): Promise<void> {
    const space = this.#space;
    const reads = changed.map(([name]) => ({ space, key: name }));
    const writes: Write[] = changed.map(([name, content]) => ({
      space,
      key: name,
      value: content === undefined ? undefined : bytes(content),
    }));
    let seen: (string | undefined)[] = [];
    const outcome = await transact(this.#store, { reads }, (previous) => {
      seen = previous.map(text);
      return refuse ? { kind: "refuse", reason: "asked to" } : { kind: "commit", writes, result: "done" };
    });
    expect(outcome.kind).toBe(refuse ? "refused" : "committed");
    expect(seen).toEqual(changed.map(([name]) => this.#model.get(name)));
    if (refuse) return;
    for (const [name, content] of changed) {
      if (content === undefined) this.#model.delete(name);
      else this.#model.set(name, content);
    }
  }

  async #compare(snapshot: Snapshot, model: Model, asked: Range): Promise<void> {
    const page = await snapshot.range({ space: this.#space, ...asked });
    const expected = modelRange(model, asked);
    expect({ asked, rows: plain(page) }).toEqual({ asked, rows: expected.rows });
    if (expected.more !== undefined)
      expect({ asked, more: page.more }).toEqual({ asked, more: expected.more });
  }
}

/** Random work against a sorted map; fast-check prints the seed and the smallest failing case. */
export function modelCases(factory: StoreFactory): void {
  describe("against a model", () => {
    const store = sharedStore(factory);

    test("one transaction after another", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
          const run = new Run(store(), await newSpace(store()));
          for (const next of steps) await run.perform(next);
          await run.finish();
        }),
        { numRuns: 150 },
      );
    });

    test("at once: the outcome is that of some order, and decide saw what that order says", async () => {
      const transactions = fc.array(fc.tuple(rows, fc.boolean()), {
        minLength: 2,
        maxLength: 25,
        size: "max",
      });
      await fc.assert(
        fc.asyncProperty(transactions, async (all) => {
          const [space, turns] = [await newSpace(store()), await newSpace(store())];
          const turnRow = { space: turns, key: "turn" };
          const done = await Promise.all(
            all.map(async ([changed, empty]) => {
              const writes = changed.map(([name, content]): Write => {
                return { space, key: name, value: content === undefined ? undefined : bytes(content) };
              });
              const reads = [...writes.map((row) => ({ space, key: row.key })), turnRow];
              const { result } = await commit(store(), { reads }, (previous) => {
                const order = number(previous.at(-1)) + 1;
                const counted = { ...turnRow, value: bytes(String(order)) };
                const seen = previous.slice(0, -1).map(text);
                return {
                  kind: "commit",
                  writes: [...(empty ? [] : writes), counted],
                  result: { order, seen },
                };
              });
              return { ...result, changed, empty };
            }),
          );
          const model: Record<Key, string | undefined> = {};
          for (const { seen, changed, empty } of done.toSorted((a, b) => a.order - b.order)) {
            expect(seen).toEqual(changed.map(([name]) => model[name]));
            if (!empty) for (const [name, content] of changed) model[name] = content;
          }
          const left = Object.entries(model).filter(([, content]) => content !== undefined);
          expect(await contents(store(), space)).toEqual(Object.fromEntries(left));
        }),
        { numRuns: 60 },
      );
    });
  });
}

/** The same with closing and opening again every now and then. */
export function reopenModelCases(factory: StoreFactory): void {
  describe("against a model", () => {
    test("closing and opening again in between", async () => {
      const rounds = fc.array(fc.array(step, { maxLength: 15, size: "max" }), { minLength: 2, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(rounds, async (all) => {
          const first = await factory.open();
          const run = new Run(first, await newSpace(first));
          for (const steps of all) {
            for (const next of steps) await run.perform(next);
            await run.reopen(() => factory.reopen());
          }
          await run.close();
        }),
        { numRuns: 15 },
      );
    });
  });
}
