/** A suite of the long run: some test files and the knob that says how much they try. */
export interface LongSuite {
  readonly name: string;
  /** What it shows, in a few words, for the report. */
  readonly shows: string;
  readonly paths: readonly string[];
  /** Environment variables for a run at `volume` times the volume of `npm test`. */
  readonly knobs: (volume: number) => Readonly<Record<string, string>>;
  /** More is not worth its time: here everything is tried, or as much as one run should. 1: only the seed changes. */
  readonly volumeMax: number;
}

const byVolume = (volume: number) => ({ VOLUME: String(volume) });
const bySeed = () => ({});
const rounds =
  (name: string, usual: number) =>
  (volume: number): Readonly<Record<string, string>> => ({ [name]: String(usual * volume) });

/** In the order of their turns. */
export const longSuites: readonly LongSuite[] = [
  {
    name: "log",
    shows: "the log cut at every byte, with flipped bits, damaged anywhere: the rule, never a wrong answer",
    paths: ["test/storage/wal"],
    knobs: byVolume,
    // 65,536 cuts and 131,072 flips in 64 KiB.
    volumeMax: 33,
  },
  {
    name: "data directories",
    shows: "any bit of any file flipped, any file cut; fuzzed files; old formats",
    paths: ["test/storage/formats"],
    knobs: byVolume,
    // Every bit and every byte of a small data directory.
    volumeMax: 180,
  },
  {
    name: "verify and repair",
    shows:
      "any damage is found; what a repair leaves is all but what it says is lost, also when it is interrupted",
    paths: ["test/storage/offline"],
    knobs: byVolume,
    volumeMax: 100,
  },
  {
    name: "manifest and files",
    shows: "edits, rolls under power cuts and failing calls; file systems against an array of bytes",
    paths: ["test/storage/manifest", "test/storage/vfs"],
    knobs: byVolume,
    volumeMax: 50,
  },
  {
    name: "engine model",
    shows: "random work against an ordered map, on several configurations, over restarts",
    paths: ["test/storage/engine/model.test.ts"],
    knobs: byVolume,
    volumeMax: 10,
  },
  {
    name: "configurations",
    shows:
      "the same operations on eleven configurations, in memory, on disk, in a Worker, give the same answers",
    paths: ["test/storage/metamorphic"],
    knobs: byVolume,
    // 52 lists of 150 operations.
    volumeMax: 13,
  },
  {
    name: "simulation",
    shows:
      "clients, crashes, full and lying disks in a simulated world: every promise kept, the same seed the same run",
    paths: ["test/storage/simulation"],
    knobs: byVolume,
    // 1,000 seeds.
    volumeMax: 20,
  },
  {
    name: "store suite",
    shows: "the seam's whole suite on the engine and its doubles",
    paths: ["test/store"],
    knobs: bySeed,
    volumeMax: 1,
  },
  {
    name: "power cuts",
    shows: "a power cut before every call, recovery included: torn, reordered, dropped writes",
    paths: ["test/storage/crash/crash.test.ts", "test/storage/engine"],
    knobs: bySeed,
    volumeMax: 1,
  },
  {
    name: "the past",
    shows: "restores to any instant, over archives, budgets and power cuts before every call",
    paths: ["test/storage/history"],
    knobs: (volume) => (volume === 1 ? {} : { STRIDE: String(Math.ceil(7 / volume)) }),
    volumeMax: 7,
  },
  {
    name: "failing calls",
    shows: "every call fails once, or from then on: typed errors, nothing acknowledged is lost",
    paths: ["test/storage/crash/faults.test.ts"],
    // A sample of the calls at first, every single one at last.
    knobs: (volume) => (volume === 1 ? {} : { STRIDE: String(Math.ceil(8 / volume)) }),
    volumeMax: 8,
  },
  {
    name: "lying page cache",
    shows: "every sync of a file or directory fails, and lies about it until the next reboot",
    paths: ["test/storage/crash/lying-page-cache.test.ts"],
    // Every twelfth sync at first, every single one at last.
    knobs: (volume) => (volume === 1 ? {} : { STRIDE: String(Math.ceil(12 / volume)) }),
    volumeMax: 12,
  },
  {
    name: "power cuts by kill -9",
    shows: "a process that holds back what it has not synced is killed under concurrent writers",
    paths: ["test/storage/power-cut"],
    // 54 cuts.
    knobs: rounds("POWER_CUTS", 6),
    volumeMax: 9,
  },
  {
    name: "mutants",
    shows: "the store with one sync or one order of steps missing: each is caught by what a power cut leaves",
    paths: ["test/storage/mutants"],
    knobs: (volume) => (volume === 1 ? {} : { MUTANT_IMAGES: "all" }),
    volumeMax: 2,
  },
  {
    name: "tables and memory",
    shows: "SSTables, memtables, compactions against models",
    paths: [
      "test/storage/sstable",
      "test/storage/memtable",
      "test/storage/compaction",
      "test/storage/iterator",
    ],
    knobs: bySeed,
    volumeMax: 1,
  },
  {
    name: "PartiQL",
    shows: "random statements mean what the other operations do; mutilated ones are answered or refused",
    paths: ["test/model/partiql.test.ts", "test/partiql"],
    knobs: byVolume,
    volumeMax: 20,
  },
  {
    name: "kill -9",
    shows: "acknowledged writes survive kills under load, over HTTP",
    paths: ["test/crash/kill.test.ts"],
    knobs: rounds("KILL_ROUNDS", 20),
    volumeMax: 5,
  },
  {
    name: "failing system calls",
    shows:
      "the binary under injected faults (strace): typed errors or its exit status, nothing acknowledged is lost",
    paths: ["test/system/injection.test.ts"],
    // Nothing but the five fixed points at first: those are what `npm test` tries.
    knobs: (volume) => (volume === 1 ? {} : { POINTS: String(10 * volume) }),
    volumeMax: 20,
  },
  {
    name: "full disk",
    shows: "a tmpfs filled under load: read-only, reads and streams go on, writes resume by themselves",
    paths: ["test/system/full-disk.test.ts"],
    knobs: rounds("FULL_DISK_ROUNDS", 1),
    volumeMax: 10,
  },
  {
    name: "bank",
    shows: "transfers between accounts keep their sum over kills",
    paths: ["test/crash/bank.test.ts"],
    knobs: rounds("BANK_ROUNDS", 8),
    volumeMax: 5,
  },
  {
    name: "restores",
    shows:
      "tables restored to random instants and from backups, also over kills: what they were, counts and all",
    paths: ["test/model/restores.test.ts", "test/crash/restore.test.ts"],
    knobs: (volume) => ({ VOLUME: String(volume), RESTORE_ROUNDS: String(4 * volume) }),
    volumeMax: 20,
  },
  {
    name: "exports and imports",
    shows: "tables exported and imported again are what they were, at random instants, and over kills",
    paths: ["test/model/transfers.test.ts", "test/crash/transfers.test.ts"],
    knobs: (volume) => ({ VOLUME: String(8 * volume), TRANSFER_ROUNDS: String(4 * volume) }),
    volumeMax: 20,
  },
  {
    name: "histories",
    shows: "recorded histories over kills and restarts are strictly serialisable",
    paths: ["test/crash/histories.test.ts", "test/model/serialisable.test.ts"],
    knobs: (volume) => ({ HISTORY_KILLS: String(4 * volume), HISTORY_ROUNDS: String(8 * volume) }),
    volumeMax: 5,
  },
];
