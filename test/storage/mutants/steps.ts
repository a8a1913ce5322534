import type { Call, CallPattern, Mutation } from "./mutant-vfs.ts";
import type { ScenarioName } from "./scenarios.ts";

/** A step that makes something durable, or an order of two, and where a store without it is told from a sound one. */
export interface Step {
  /** As in docs/durability-steps.md. */
  readonly name: string;
  readonly mutation: Mutation;
  readonly scenario: ScenarioName;
}

/** A sync of a file or a directory, by where the code asks for it. */
const at =
  (name: "sync" | "syncDirectory", site: RegExp): CallPattern =>
  (call) =>
    call.name === name && site.test(call.site);

const leaveOut = (step: CallPattern): Mutation => ({ kind: "leave out", step });
const postpone = (step: CallPattern, until: CallPattern): Mutation => ({ kind: "postpone", step, until });

/** Every sync that storage/ asks for, each once. */
export const syncs: readonly Step[] = [
  {
    name: "sync of a commit group",
    mutation: leaveOut(at("sync", /^wal-writer.sync < log.*log.alone < (log.sync < )?group-commit.write/)),
    scenario: "commits",
  },
  {
    name: "sync of the log every so often",
    mutation: leaveOut(
      at("sync", /^wal-writer.sync < log.*log.alone < (log.sync < )?group-commit.<anonymous>/),
    ),
    scenario: "commits with a sync now and then",
  },
  {
    name: "sync of a log segment with its footer",
    mutation: leaveOut(at("sync", /^wal-writer.sync < wal-writer.seal/)),
    scenario: "commits",
  },
  {
    name: "sync of a new log segment's header",
    mutation: leaveOut(at("sync", /^wal-writer.create/)),
    scenario: "commits",
  },
  {
    name: "sync of wal/ after a new log segment",
    mutation: leaveOut(at("syncDirectory", /^wal-writer.create/)),
    scenario: "commits",
  },
  {
    name: "sync of the copy of the last log segment",
    mutation: leaveOut(at("sync", /^log-recovery.rewrite/)),
    scenario: "recovery",
  },
  {
    name: "sync of wal/ after that copy",
    mutation: leaveOut(at("syncDirectory", /^log-recovery.rewrite/)),
    scenario: "recovery",
  },
  {
    name: "sync of a manifest record",
    mutation: leaveOut(at("sync", /^manifest-file.datasync < manifest-file.append < manifest.apply/)),
    scenario: "commits",
  },
  {
    name: "sync of a new manifest",
    mutation: leaveOut(at("sync", /^manifest-file.datasync < manifest-file.append < manifest-file.create/)),
    scenario: "commits",
  },
  {
    name: "sync of the data directory after a new manifest",
    mutation: leaveOut(at("syncDirectory", /^manifest-file.create/)),
    scenario: "commits",
  },
  {
    name: "sync of CURRENT.tmp",
    mutation: leaveOut(at("sync", /^manifest-file.publish/)),
    scenario: "commits",
  },
  {
    name: "sync of the data directory after CURRENT",
    mutation: leaveOut(at("syncDirectory", /^manifest-file.publish/)),
    scenario: "commits",
  },
  {
    name: "sync of an SSTable by a job",
    mutation: leaveOut(at("sync", /^job-runner.slice/)),
    scenario: "commits",
  },
  {
    name: "sync of sst/ after a flush",
    mutation: leaveOut(at("syncDirectory", /flusher.write/)),
    scenario: "commits",
  },
  {
    name: "sync of sst/ after a compaction",
    mutation: leaveOut(at("syncDirectory", /compactor.merge/)),
    scenario: "commits",
  },
  {
    name: "sync of the log before a flush",
    mutation: leaveOut(at("sync", /^wal-writer.sync .* < flusher.flush/)),
    scenario: "commits without syncs",
  },
  {
    name: "sync of sst/ after a checkpoint",
    mutation: leaveOut(at("syncDirectory", /checkpoints.create/)),
    scenario: "files",
  },
  {
    name: "sync of the log before a checkpoint",
    mutation: leaveOut(at("sync", /^wal-writer.sync .* < checkpoints.create/)),
    scenario: "files without syncs",
  },
  {
    name: "sync of sst/ after a restore",
    mutation: leaveOut(at("syncDirectory", /checkpoints.restore/)),
    scenario: "files",
  },
  {
    name: "sync of an SSTable by a bulk load",
    mutation: leaveOut(at("sync", /^run-writer.sync/)),
    scenario: "files",
  },
  {
    name: "sync of sst/ after a bulk load",
    mutation: leaveOut(at("syncDirectory", /bulk-loader.load/)),
    scenario: "files",
  },
  {
    name: "sync of the log before a bulk load",
    mutation: leaveOut(at("sync", /^wal-writer.sync .* < bulk-loader.load/)),
    scenario: "files without syncs",
  },
  {
    name: "sync of the log before a removal",
    mutation: leaveOut(at("sync", /^wal-writer.sync .* < engine.beforeRemoval/)),
    scenario: "files without syncs",
  },
  {
    name: "sync of archive/ after an archive of the log",
    mutation: leaveOut(at("syncDirectory", /^history-keeper.rewrite/)),
    scenario: "commits",
  },
  {
    name: "sync of the data directory after archive/",
    mutation: leaveOut(at("syncDirectory", /^history-keeper.makeDirectory/)),
    scenario: "commits",
  },
];

const inManifest = (edit: string): CallPattern => {
  let isSyncDue = false;
  return ({ name, path, site, bytes }: Call) => {
    if (!path.startsWith("MANIFEST-") || !site.includes("manifest.apply")) return false;
    // The record that names the edit, and its sync.
    if (name === "write") isSyncDue = bytes !== undefined && Buffer.from(bytes).includes(edit);
    return isSyncDue && (name === "write" || name === "sync");
  };
};
const unlinkOf =
  (folder: string, site: RegExp): CallPattern =>
  (call) =>
    call.name === "unlink" && call.path.startsWith(folder) && site.test(call.site);
const renamedIn =
  (site: RegExp): CallPattern =>
  (call) =>
    call.name === "rename" && site.test(call.site);

/** Every order that recovery relies on: what should come first comes right after the second. */
export const orders: readonly Step[] = [
  {
    name: "a new log segment is synced, then renamed",
    mutation: postpone(at("sync", /^wal-writer.create/), at("syncDirectory", /^wal-writer.create/)),
    scenario: "commits",
  },
  {
    name: "a log segment is closed, then its successor begins",
    mutation: postpone(
      ({ name, site }) =>
        /^wal-writer.(\w+ < wal-writer.)*seal .*group-commit/.test(site) && name !== "close",
      at("syncDirectory", /^wal-writer.create/),
    ),
    scenario: "commits",
  },
  {
    name: "the copy of the last log segment is synced, then renamed",
    mutation: postpone(at("sync", /^log-recovery.rewrite/), renamedIn(/^log-recovery.rewrite/)),
    scenario: "recovery",
  },
  {
    name: "CURRENT.tmp is synced, then renamed",
    mutation: postpone(at("sync", /^manifest-file.publish/), renamedIn(/^manifest-file.publish/)),
    scenario: "commits",
  },
  {
    name: "a new store has a log segment, then CURRENT",
    mutation: postpone(
      ({ path, site }) => path.startsWith("wal") && /recovery.create/.test(site),
      at("syncDirectory", /^manifest-file.publish/),
    ),
    scenario: "commits",
  },
  {
    name: "a compaction is in the manifest, then its inputs are unlinked",
    mutation: postpone(inManifest("tableRemoved"), unlinkOf("sst/", /version.collect/)),
    scenario: "commits",
  },
  {
    name: "the log's floor is in the manifest, then the segments below it are unlinked",
    mutation: postpone(inManifest("logFloor"), unlinkOf("wal/", /log-trimmer.trim/)),
    scenario: "files",
  },
  {
    name: "an archive is in the manifest, then the segments it was made of are unlinked",
    mutation: postpone(inManifest("archiveAdded"), unlinkOf("wal/", /history-keeper/)),
    scenario: "commits",
  },
  {
    name: "a checkpoint's release is in the manifest, then its files are unlinked",
    mutation: postpone(inManifest("checkpointReleased"), unlinkOf("sst/", /version.collect/)),
    scenario: "files",
  },
  {
    name: "a space's end is in the manifest, then its files are unlinked",
    mutation: postpone(inManifest("spaceDropped"), unlinkOf("sst/", /version.collect/)),
    scenario: "files",
  },
];
