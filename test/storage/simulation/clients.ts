import assert from "node:assert/strict";
import type { Position } from "../../../storage/store.ts";
import type { Model } from "./model.ts";
import {
  base,
  counterKey,
  decode,
  feed,
  index,
  indexKey,
  lineOf,
  type Plan,
  type Session,
  shardCount,
} from "./session.ts";

const accounts = 8;
const rowCount = 40;
const account = (n: number) => `account-${n}`;
const row = (n: number) => `row-${String(n).padStart(3, "0")}`;

/** Everybody who uses the store of one process. */
export function startClients(session: Session): void {
  const { world } = session;
  for (let client = 0; client < 3; client++) {
    void session.repeat("transfer", 4, () => transfer(session));
    void session.repeat("write", 4, () => writeRows(session));
  }
  void session.repeat("count", 6, () => count(session));
  void session.repeat("schema", 60, () => changeSchema(session));
  void session.repeat("get", 5, () => readOne(session));
  void session.repeat("scan", 20, () => scan(session));
  void session.repeat("space", 60, () => liveAndDie(session));
  void session.repeat("load", 80, () => load(session));
  void session.repeat("checkpoint", 80, () => checkpointAndRestore(session));
  void session.repeat("past", 100, () => visitPast(session));
  for (let shard = 0; shard < shardCount; shard++) {
    const consumer = new Consumer(session, shard);
    void session.repeat(`consumer ${shard}`, 10, () => consumer.read());
  }
  void session.repeat("clock", 200, async () => world.setClock());
}

/** Money moves, and never becomes more or less. An account that nobody has used holds 100. */
function transfer(session: Session): Promise<void> {
  const { world } = session;
  const from = world.below(accounts);
  const to = (from + 1 + world.below(accounts - 1)) % accounts;
  const amount = 1 + world.below(60);
  return session.transact(base, [account(from), account(to)], ([one = "100", other = "100"]): Plan => {
    if (Number(one) < amount) return undefined;
    return new Map([
      [account(from), String(Number(one) - amount)],
      [account(to), String(Number(other) + amount)],
    ]);
  });
}

/** Rows of all sizes are put and deleted, some together. */
function writeRows(session: Session): Promise<void> {
  const { world } = session;
  const keys = new Set(Array.from({ length: 1 + world.below(4) }, () => row(world.below(rowCount))));
  const plan = new Map(
    [...keys].map((key) => {
      const filling = String.fromCharCode(97 + world.below(26)).repeat(
        world.below(world.chance() < 0.1 ? 3_000 : 200),
      );
      return [key, world.chance() < 0.25 ? undefined : `${world.below(1e6)}${filling}`] as const;
    }),
  );
  return session.transact(base, [...keys], () => plan);
}

/** A counter that refuses every third step. */
function count(session: Session): Promise<void> {
  const key = `counter-${session.world.below(3)}`;
  return session.transact(base, [key], ([value = "0"]): Plan => {
    const next = Number(value) + 1;
    return next % 3 === 0 && session.world.chance() < 0.5 ? undefined : new Map([[key, String(next)]]);
  });
}

/** A change that only one of several rivals can make. */
async function changeSchema(session: Session): Promise<void> {
  const generation = session.store.generation(base);
  const key = "row-schema-0";
  const attempt = () =>
    session.transact(base, [key], () => new Map([[key, String(generation + 1)]]), { generation });
  await Promise.all([attempt(), attempt()]);
}

async function readOne(session: Session): Promise<void> {
  const { world, store, ledger } = session;
  const { model } = ledger;
  const from = model.seen;
  const key = world.pick([counterKey, account(world.below(accounts)), row(world.below(rowCount))]);
  const reading = store.get(base, key);
  const to = model.decided;
  const value = decode(await session.answer(reading));
  const candidates = valuesBetween(model, from, to, key);
  assert(candidates.has(value), `${key} was ${value}, which it never was between commits ${from} and ${to}`);
  if (key === counterKey) model.see(Number(value ?? 0));
}

function valuesBetween(model: Model, from: number, to: number, key: string): Set<string | undefined> {
  const values = new Set([model.rowsAt(from, base).get(key)]);
  for (const { writes } of model.commits.slice(from, to))
    for (const write of writes) if (write.space === base && write.key === key) values.add(write.value);
  return values;
}

/** A snapshot is one state, however long it is read. */
async function scan(session: Session): Promise<void> {
  const { world, store, ledger } = session;
  const { model } = ledger;
  const from = model.seen;
  const snapshot = await session.answer(store.snapshot([base, index]));
  const number = Number(decode(await session.answer(snapshot.get(base, counterKey))) ?? 0);
  assert(number >= from, `commit ${from} was seen before, and a snapshot shows ${number}`);
  model.see(number);
  if (world.chance() < 0.5) await session.sleep(world.chance() * 100);
  const rows = await session.readAll(snapshot, base, world.chance() < 0.5);
  assert.deepEqual([...rows], [...model.rowsAt(number, base)], `a snapshot of commit ${number}`);
  const entries = await session.readAll(snapshot, index, world.chance() < 0.5);
  assert.deepEqual([...entries], [...model.rowsAt(number, index)], `the index at commit ${number}`);
  let money = 0;
  for (let n = 0; n < accounts; n++) money += Number(rows.get(account(n)) ?? 100);
  assert.equal(money, accounts * 100, "money neither comes nor goes");
  snapshot.close();
}

/** A space is made, used, and dropped. */
async function liveAndDie(session: Session): Promise<void> {
  const { world, store, ledger } = session;
  const id = session.newId();
  ledger.spaces.set(id, "asked");
  await session.answer(store.createSpace(id));
  ledger.spaces.set(id, "there");
  for (let n = 1 + world.below(4); n > 0; n--) {
    const keys = Array.from({ length: 1 + world.below(20) }, (_, i) => row(i));
    const filling = "s".repeat(world.below(300));
    await session.transact(id, keys, () => new Map(keys.map((key) => [key, `${n}${filling}`])));
  }
  if (world.chance() < 0.3) return;
  ledger.spaces.set(id, "asked");
  await session.answer(store.dropSpace(id));
  ledger.spaces.set(id, "gone");
}

/** Sorted rows are loaded into a space that nobody reads yet. */
async function load(session: Session): Promise<void> {
  const { world, store, ledger } = session;
  const id = session.newId();
  const rows = new Map(
    Array.from({ length: world.below(120) }, (_, i) => [
      `load-${String(i).padStart(4, "0")}`,
      `${i}${"l".repeat(world.below(200))}`,
    ]),
  );
  ledger.spaces.set(id, "asked");
  await session.answer(store.createSpace(id));
  ledger.model.filled.set(id, rows);
  let bytes = 0;
  for (const value of rows.values()) bytes += value.length;
  const sorted = Array.from(rows, ([key, value]) => ({ key, value: new TextEncoder().encode(value) }));
  await session.answer(store.bulkLoad(id, sorted, { rows: rows.size, bytes }));
  ledger.spaces.set(id, "there");
  await session.checkRows(id, rows, "a loaded space");
  if (world.chance() < 0.5) return;
  ledger.spaces.set(id, "asked");
  await session.answer(store.dropSpace(id));
  ledger.spaces.set(id, "gone");
}

/** A checkpoint is one state, too; restoring gives it back. */
async function checkpointAndRestore(session: Session): Promise<void> {
  const { world, store, ledger } = session;
  const { model, checkpoints } = ledger;
  const kept = [...checkpoints.values()].filter(({ state }) => state === "there");
  const from = model.seen;
  let info = kept.length > 3 || (kept.length > 0 && world.chance() < 0.3) ? world.pick(kept).info : undefined;
  const isNew = info === undefined;
  if (info === undefined) {
    info = await session.answer(store.checkpoint([base, index]));
    checkpoints.set(info.id, { info, state: "there" });
    model.durable = Math.max(model.durable, from);
  }
  const targets = newCopies(session);
  await session.answer(store.restore(info, targets));
  const number = await copiedCommit(session, targets.get(base) ?? "", base);
  assert(!isNew || number >= from, `commit ${from} was seen before the checkpoint, which shows ${number}`);
  await checkCopies(session, targets, number);
  if (world.chance() < 0.4) {
    checkpoints.set(info.id, { info, state: "asked" });
    await session.answer(store.releaseCheckpoint(info.id));
    checkpoints.set(info.id, { info, state: "gone" });
  }
}

/** Any instant of the past can be had again. */
async function visitPast(session: Session): Promise<void> {
  const { world, store, ledger } = session;
  const { model } = ledger;
  if (!ledger.hasHistory) {
    for (const space of [base, index]) await session.answer(store.keepHistory(space, 1e9));
    ledger.hasHistory = true;
    return;
  }
  const ranges = [base, index].map((space) => store.history(space));
  let earliest = 0;
  let latest = Number.POSITIVE_INFINITY;
  for (const range of ranges) {
    assert(range !== undefined, "the past is kept");
    earliest = Math.max(earliest, range.earliest);
    latest = Math.min(latest, range.latest);
  }
  const time = world.chance() < 0.2 ? latest : earliest + world.below(latest - earliest + 1);
  const from = model.lastBefore(time, model.seen);
  const targets = newCopies(session);
  await session.answer(store.restore({ time }, targets));
  const number = await copiedCommit(session, targets.get(base) ?? "", base);
  const to = model.lastBefore(time, model.decided);
  assert(number >= from && number <= to, `commit ${number} for ${time}, not one of ${from} to ${to}`);
  await checkCopies(session, targets, number);
}

/** New spaces to be filled with copies of the base space and the index. */
function newCopies(session: Session): Map<string, string> {
  const targets = new Map([base, index].map((space) => [space, session.newId()]));
  for (const [space, target] of targets) {
    session.ledger.spaces.set(target, "asked");
    session.ledger.copies.set(target, space);
  }
  return targets;
}

/** The copies are those of a commit; then they go. */
async function checkCopies(
  session: Session,
  targets: ReadonlyMap<string, string>,
  number: number,
): Promise<void> {
  const { store, ledger } = session;
  for (const [space, target] of targets) {
    ledger.spaces.set(target, "there");
    const rows = ledger.model.rowsAt(number, space);
    ledger.model.filled.set(target, rows);
    await session.checkRows(target, rows, `a copy of commit ${number}`);
    ledger.spaces.set(target, "asked");
    await session.answer(store.dropSpace(target));
    ledger.spaces.set(target, "gone");
  }
}

/** The commit that a copy of the base space or of the index shows. */
export async function copiedCommit(session: Session, copy: string, original: string): Promise<number> {
  const key = original === base ? counterKey : indexKey(counterKey);
  return Number(decode(await session.answer(session.store.get(copy, key))) ?? 0);
}

/** Reads one shard of the feed from its beginning, in pages, and now and then some of it once more. */
export class Consumer {
  readonly #session: Session;
  readonly #shard: number;
  readonly #positions: Position[] = [];

  constructor(session: Session, shard: number) {
    this.#session = session;
    this.#shard = shard;
  }

  async read(): Promise<void> {
    const { world } = this.#session;
    const isAgain = this.#positions.length > 0 && world.chance() < 0.2;
    const consumed = isAgain ? world.below(this.#positions.length) : this.#positions.length;
    if (!isAgain && world.chance() < 0.3) await this.#wait();
    await this.#page(consumed, 1 + world.below(40));
  }

  /** Everything there is. */
  async readAll(): Promise<void> {
    await this.#page(0, 1e6);
  }

  async #wait(): Promise<void> {
    const { world, store } = this.#session;
    const patience = new AbortController();
    void this.#session.sleep(world.chance() * 50).then(() => patience.abort());
    await this.#session.answer(
      store.waitFeed(feed, this.#shard, this.#positions.at(-1) ?? "", patience.signal),
    );
  }

  async #page(consumed: number, limit: number): Promise<void> {
    const { store, ledger } = this.#session;
    const { model } = ledger;
    const due = model.changesAt(model.seen, this.#shard).length;
    const after = this.#positions[consumed - 1] ?? "";
    const reading = store.readFeed(feed, this.#shard, after, limit);
    const expected = model.changesAt(model.decided, this.#shard);
    const page = await this.#session.answer(reading);
    const lines = page.records.map(({ key, oldValue, newValue, tag }) =>
      lineOf(Number(decode(tag)), key, decode(oldValue), decode(newValue)),
    );
    assert.deepEqual(
      lines,
      expected.slice(consumed, consumed + lines.length),
      `the feed after ${consumed} records`,
    );
    assert(lines.length <= limit, "a page has no more records than asked for");
    if (lines.length < limit)
      assert(consumed + lines.length >= due, "the feed holds everything that was seen");
    let last = after;
    for (const [i, { position }] of page.records.entries()) {
      assert(position > last, "positions grow");
      last = position;
      this.#positions[consumed + i] ??= position;
      assert.equal(this.#positions[consumed + i], position, "a record keeps its position");
      ledger.notePosition(position);
    }
    assert.equal(page.next, last, "the next page begins after the last record");
    const { tag } = page.records.at(-1) ?? {};
    if (tag !== undefined) model.see(Number(decode(tag)));
  }
}
