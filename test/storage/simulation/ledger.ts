import assert from "node:assert/strict";
import type { CheckpointInfo } from "../../../storage/index.ts";
import type { Position } from "../../../storage/store.ts";
import { Model, type ModelCommit } from "./model.ts";

/** asked: its creation (with its rows) or its removal is under way, or was when the process died: both states are right. */
export type SpaceState = "asked" | "there" | "gone";

/** Everything that the store has promised to its clients, over all processes. */
export class Ledger {
  readonly model = new Model();
  readonly spaces = new Map<string, SpaceState>();
  /** Of spaces that a restore fills: the space that they are a copy of. */
  readonly copies = new Map<string, string>();
  readonly checkpoints = new Map<string, { info: CheckpointInfo; state: SpaceState }>();
  hasFeed = false;
  /** The past of the base space and of the index is kept. */
  hasHistory = false;
  readonly #positions = new Map<ModelCommit, readonly Position[]>();
  /** No record of this process may have a position up to this one. */
  #usedPosition = "";
  #newestPosition = "";

  notePositions(commit: ModelCommit, positions: readonly Position[]): void {
    assert.equal(positions.length, commit.changes.length, "a position for each change");
    for (const position of positions) {
      assert(position > this.#usedPosition, `the position ${position} was used before`);
      if (position > this.#newestPosition) this.#newestPosition = position;
    }
    this.#positions.set(commit, positions);
  }

  /** What a commit was told of its records' positions, if it was. */
  positionsOf(commit: ModelCommit): readonly Position[] | undefined {
    return this.#positions.get(commit);
  }

  notePosition(position: Position): void {
    if (position > this.#newestPosition) this.#newestPosition = position;
  }

  /** A process has begun. */
  beginProcess(): void {
    this.#usedPosition = this.#newestPosition;
  }
}
