import assert from "node:assert/strict";

/** A put, or a delete (`value` undefined). */
export interface ModelWrite {
  readonly space: string;
  readonly key: string;
  readonly value: string | undefined;
}

/** What one commit did. The number of a commit is its place, from 1. */
export interface ModelCommit {
  readonly writes: readonly ModelWrite[];
  /** One line per change record of each shard, in order. */
  readonly changes: readonly { readonly shard: number; readonly line: string }[];
  readonly generation: number | undefined;
  /** Log time. */
  readonly time: number;
}

export type Rows = Map<string, string>;

/**
 * The history of all commits: what was decided, how much of it was promised to survive, and so every state that a store may show.
 * Spaces come and go beside it: some with rows that no commit wrote.
 */
export class Model {
  readonly commits: ModelCommit[] = [];
  /** A commit up to which somebody has seen everything: it must survive the process, and in mode "sync" the power, too. */
  seen = 0;
  /** A commit that must survive anything. */
  durable = 0;
  /** Rows that a space was filled with. */
  readonly filled = new Map<string, ReadonlyMap<string, string>>();

  get decided(): number {
    return this.commits.length;
  }

  /** The store decides the next commit after commit `previous`: what was decided beyond that was given up. */
  decide(previous: number, commit: ModelCommit): number {
    assert(previous >= this.seen, `commit ${this.seen} was seen, and the next decision rests on ${previous}`);
    assert(previous <= this.decided, `commit ${previous} was never decided`);
    this.commits.length = previous;
    this.commits.push(commit);
    return this.decided;
  }

  /** A commit that has not happened, says the store. */
  lose(number: number, commit: ModelCommit): void {
    if (this.commits[number - 1] !== commit) return;
    assert(number > this.seen, `commit ${number} was seen, and is said not to have happened`);
    this.commits.length = number - 1;
  }

  /** Somebody has seen commit `number`. */
  see(number: number): void {
    assert(number <= this.decided, `commit ${number} was seen and never decided`);
    this.seen = Math.max(this.seen, number);
  }

  rowsAt(number: number, space: string): Rows {
    const rows: Rows = new Map(this.filled.get(space));
    for (const { writes } of this.commits.slice(0, number))
      for (const write of writes) {
        if (write.space !== space) continue;
        if (write.value === undefined) rows.delete(write.key);
        else rows.set(write.key, write.value);
      }
    return new Map([...rows].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  changesAt(number: number, shard: number): string[] {
    return this.commits
      .slice(0, number)
      .flatMap(({ changes }) => changes.filter((change) => change.shard === shard).map(({ line }) => line));
  }

  /** The last commit up to `number` that is stamped at or before `time`. */
  lastBefore(time: number, number: number): number {
    return this.commits.slice(0, number).findLastIndex((commit) => commit.time <= time) + 1;
  }

  generationAt(number: number): number {
    let generation = 0;
    for (const commit of this.commits.slice(0, number)) generation = commit.generation ?? generation;
    return generation;
  }
}

export function statsOf(rows: ReadonlyMap<string, string>): { rows: number; bytes: number } {
  let bytes = 0;
  for (const value of rows.values()) bytes += value.length;
  return { rows: rows.size, bytes };
}
