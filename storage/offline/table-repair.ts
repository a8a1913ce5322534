import { StorageError } from "../errors.ts";
import type { Entry } from "../iterator.ts";
import type { ManifestEdit, TableRecord } from "../manifest/edit.ts";
import type { ManifestState } from "../manifest/state.ts";
import type { FilePool } from "../sstable/file-pool.ts";
import { SSTableWriter } from "../sstable/sstable-writer.ts";
import { hashOfFile } from "../sstable/verify.ts";
import type { Key } from "../store.ts";
import { type TableFiles, tableDirectory } from "../table-files.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { type Inspection, type Owner, olderTables, ownersOf, recordIn } from "./inspect.ts";
import { problemOf } from "./manifest-check.ts";
import { isInRange, type KeyRange, type Loss } from "./problem.ts";
import type { TableFinding } from "./table-check.ts";
import { TableParts } from "./table-parts.ts";
import { lossesIn } from "./verify.ts";

/** What becomes of the damaged SSTables. */
export interface TablePlan {
  readonly losses: readonly Loss[];
  /** Damaged files that are there. */
  readonly aside: readonly string[];
  readonly remedies: readonly Remedy[];
}

interface Remedy {
  readonly finding: TableFinding;
  /** The very file, found under another name; nothing is lost then. */
  readonly foundAt: string | undefined;
}

export function planTables(vfs: Vfs, files: FilePool, { manifest, tables }: Inspection): TablePlan {
  const known = new Set([...manifest.read.state.tables()].map(({ hash }) => hash));
  const lost = new Set(tables.map(({ path }) => path));
  const needed = new Set([...manifest.read.state.tables()].map(({ number }) => pathOf(number)));
  const candidates = (vfs.exists(tableDirectory) ? vfs.list(tableDirectory) : [])
    .map((name) => `${tableDirectory}/${name}`)
    .filter((path) => lost.has(path) || !needed.has(path));
  const places = new Map<string, string>();
  if (tables.some(({ gaps }) => gaps.length > 0)) {
    for (const path of candidates) {
      const hash = hashOfFile(files, path);
      if (known.has(hash)) places.set(hash, path);
    }
  }
  const remedies = tables.map((finding) => ({ finding, foundAt: places.get(finding.record.hash) }));
  const owners = ownersOf(manifest.read.state);
  const losses = remedies
    .filter(({ foundAt }) => foundAt === undefined)
    .flatMap(({ finding }) => owners.flatMap((owner) => lossesIn(owner, finding)));
  return { losses, aside: tables.map(({ path }) => path).filter((path) => vfs.exists(path)), remedies };
}

const pathOf = (number: number) => `${tableDirectory}/${String(number).padStart(10, "0")}.sst`;

export interface TableRewrite {
  readonly vfs: Vfs;
  readonly tables: TableFiles;
  readonly state: ManifestState;
  readonly plan: TablePlan;
  readonly blockBytes: number;
  /** The first file number that was never given out. */
  readonly firstNumber: number;
}

/**
 * Writes what is left of each damaged SSTable to a new one, for each space and checkpoint that has it. Returns the edits that put these in
 * their places. Where the filter tells that a lost row lay above an older version of it, a tombstone keeps that one hidden.
 */
export function rewriteTables(rewrite: TableRewrite): ManifestEdit[] {
  const { state, plan } = rewrite;
  let number = rewrite.firstNumber;
  const replaced = new Map<Owner, Map<number, TableRecord | undefined>>();
  for (const owner of ownersOf(state)) {
    const changes = new Map<number, TableRecord | undefined>();
    for (const remedy of plan.remedies) {
      const record = recordIn(owner, remedy.finding.record.number);
      if (record === undefined) continue;
      const next = replacement(rewrite, owner, record, remedy, number);
      changes.set(record.number, next);
      if (next !== undefined) number += 1;
    }
    if (changes.size > 0) replaced.set(owner, changes);
  }
  if (replaced.size > 0) rewrite.tables.syncDirectory();
  return [...spaceEdits(replaced), ...checkpointEdits(state, replaced)];
}

function replacement(
  rewrite: TableRewrite,
  owner: Owner,
  record: TableRecord,
  { finding, foundAt }: Remedy,
  number: number,
): TableRecord | undefined {
  const { vfs, tables } = rewrite;
  const path = tables.path(number);
  // An interrupted repair may have left a file of that name.
  tables.unlink(number);
  if (foundAt !== undefined) {
    vfs.link(foundAt, path);
    return { ...record, number };
  }
  const hidden = finding.hasFilter ? olderKeys(rewrite, owner, record, finding) : [];
  const entries = merged(readableEntries(tables.files, finding), hidden);
  return write(rewrite, { ...record, number }, path, entries);
}

function write(
  { vfs, blockBytes }: TableRewrite,
  { space, level, number }: TableRecord,
  path: string,
  entries: Generator<Entry>,
): TableRecord | undefined {
  const first = entries.next();
  if (first.done === true) return undefined;
  const file = vfs.create(path);
  try {
    const writer = new SSTableWriter(file, { blockBytes });
    writer.add(first.value);
    for (const entry of entries) writer.add(entry);
    while (!writer.finish());
    file.datasyncNow();
    const { blocks: _, ...kept } = writer.info();
    return { space, level, number, ...kept };
  } finally {
    file.close();
  }
}

/** What could be read when the file was checked; throws when it is less by now. */
function* readableEntries(files: FilePool, finding: TableFinding): Generator<Entry> {
  const { path, record, entriesLost, gaps } = finding;
  let missing = record.entries - entriesLost;
  if (missing === 0) return;
  for (const entry of new TableParts(files, path, record).readable(0, false)) {
    // A disk that gives now what it refused a moment ago: it is reported as lost, and older versions are hidden.
    if (gaps.some((gap) => isInRange(entry.key, gap))) continue;
    missing -= 1;
    yield entry;
  }
  if (missing > 0)
    throw new StorageError("io", `${path}: ${missing} rows cannot be read any more`, { file: path });
}

/** Tombstones for older versions of rows that the filter says were in the gaps; ascending. */
function olderKeys(
  { tables, plan }: TableRewrite,
  owner: Owner,
  record: TableRecord,
  { path, record: own, gaps }: TableFinding,
): Entry[] {
  const filter = new TableParts(tables.files, path, own);
  const damaged = new Set(plan.remedies.map(({ finding }) => finding.record.number));
  const newest = new Map<Key, number>();
  for (const older of olderTables(owner, record)) {
    for (const range of gaps) {
      for (const { key, sequence } of entriesIn(tables, older, range, damaged.has(older.number))) {
        if (filter.mayHaveHeld(key)) newest.set(key, Math.max(newest.get(key) ?? 0, sequence));
      }
    }
  }
  // Above what it hides, and below whatever was written after the lost row. In level 0, files follow each other by their sequences.
  const least = record.level === 0 ? record.sequenceMin : 0;
  const keys = [...newest].sort(([a], [b]) => (a < b ? -1 : 1));
  return keys.map(([key, sequence]) => tombstone(key, Math.max(sequence + 1, least)));
}

const noBytes = new Uint8Array(0);

function tombstone(key: Key, sequence: number): Entry {
  return { key, sequence, tombstone: true, bytes: noBytes, start: 0, end: 0 };
}

/** The entries of an SSTable in a range; of a damaged one, as far as they can be read. */
function* entriesIn(
  tables: TableFiles,
  record: TableRecord,
  range: KeyRange,
  isDamaged: boolean,
): Generator<Entry> {
  const lower = range.ge ?? range.gt ?? record.smallest;
  const upper = range.le ?? range.lt ?? record.largest;
  if (record.largest < lower || record.smallest > upper) return;
  let parts: TableParts;
  try {
    parts = new TableParts(tables.files, tables.path(record.number), record);
  } catch (error) {
    if (!isDamaged) throw error;
    problemOf(error, []);
    return;
  }
  for (const entry of parts.readable(parts.blockOf(lower), !isDamaged)) {
    if (entry.key > upper) return;
    if (isInRange(entry.key, range)) yield entry;
  }
}

/** Two ascending sequences of entries without a common key, as one. */
function* merged(entries: Generator<Entry>, others: readonly Entry[]): Generator<Entry> {
  let at = 0;
  for (const entry of entries) {
    for (let other = others[at]; other !== undefined && other.key < entry.key; other = others[++at])
      yield other;
    yield entry;
  }
  yield* others.slice(at);
}

type Replaced = ReadonlyMap<Owner, ReadonlyMap<number, TableRecord | undefined>>;

function spaceEdits(replaced: Replaced): ManifestEdit[] {
  const edits: ManifestEdit[] = [];
  for (const [{ checkpoint, tables }, changes] of replaced) {
    if (checkpoint !== undefined) continue;
    for (const [number, table] of changes) {
      const space = tables.find((record) => record.number === number)?.space ?? 0;
      edits.push({ kind: "tableRemoved", space, number });
      if (table !== undefined) edits.push({ kind: "tableAdded", table });
    }
  }
  return edits;
}

function checkpointEdits({ checkpoints }: ManifestState, replaced: Replaced): ManifestEdit[] {
  const edits: ManifestEdit[] = [];
  for (const checkpoint of checkpoints.values()) {
    const spaces = checkpoint.spaces.map((held) => {
      const owner = [...replaced.keys()].find(({ checkpoint: id, tables }) => {
        return id === checkpoint.id && tables === held.tables;
      });
      const changes = owner === undefined ? undefined : replaced.get(owner);
      if (changes === undefined) return held;
      const tables = held.tables.flatMap((table) => {
        if (!changes.has(table.number)) return [table];
        const next = changes.get(table.number);
        return next === undefined ? [] : [next];
      });
      return { ...held, tables };
    });
    if (spaces.every((held, index) => held === checkpoint.spaces[index])) continue;
    edits.push({ kind: "checkpointReleased", id: checkpoint.id });
    edits.push({ kind: "checkpointAdded", checkpoint: { ...checkpoint, spaces } });
  }
  return edits;
}
