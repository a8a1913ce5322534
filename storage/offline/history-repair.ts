import { ordinalMax } from "../feed/position.ts";
import type { ManifestEdit } from "../manifest/edit.ts";
import type { ManifestState } from "../manifest/state.ts";
import type { Inspection } from "./inspect.ts";
import type { Loss } from "./problem.ts";

export interface HistoryPlan {
  readonly edits: readonly ManifestEdit[];
  readonly losses: readonly Loss[];
  readonly aside: readonly string[];
}

/**
 * Gives damaged archives up, and with them what cannot be told without them: change records up to their end, and restores that would replay them.
 * `isLogCut`: commits of the log are missing, which every restore from before them would need.
 */
export function planHistoryRepair({ manifest, archives }: Inspection, isLogCut: boolean): HistoryPlan {
  const { state } = manifest.read;
  const edits: ManifestEdit[] = [];
  for (const record of archives.damaged) {
    edits.push({ kind: "archiveRemoved", number: record.number });
    for (const [number] of record.contents.feeds) {
      const shards = state.feeds.get(number)?.shards ?? 0;
      for (let shard = 0; shard < shards; shard++) {
        const sequence = Math.max(
          record.lastSequence,
          state.feeds.get(number)?.trims.get(shard)?.sequence ?? 0,
        );
        edits.push({ kind: "feedTrimmed", number, shard, sequence, ordinal: ordinalMax });
      }
    }
  }
  const losses: Loss[] = archives.problems.flatMap((problem) => problem.losses);
  const brokenUpTo = new Map<string, number>();
  for (const loss of losses) {
    if (loss.kind === "past")
      brokenUpTo.set(loss.space, Math.max(loss.last, brokenUpTo.get(loss.space) ?? 0));
  }
  for (const checkpoint of state.checkpoints.values()) {
    if (checkpoint.isHistory !== true) continue;
    const last = Math.max(...checkpoint.spaces.map(({ id }) => brokenUpTo.get(id) ?? 0));
    if (!isLogCut && checkpoint.sequence >= last) continue;
    edits.push({ kind: "checkpointReleased", id: checkpoint.id });
  }
  if (isLogCut) losses.push(...pastsOf(state));
  return { edits, losses, aside: archives.damagedPaths };
}

/** Everything that could be restored. */
function pastsOf(state: ManifestState): Loss[] {
  const first = new Map<string, number>();
  const last = state.replayAfter;
  for (const { isHistory, spaces, sequence } of state.checkpoints.values()) {
    if (isHistory !== true) continue;
    for (const { id } of spaces) first.set(id, Math.min(sequence, first.get(id) ?? sequence));
  }
  return [...first].map(([space, sequence]) => ({
    kind: "past",
    space,
    first: sequence,
    last: Math.max(last, sequence),
  }));
}
