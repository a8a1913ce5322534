import { systemClock } from "../clock.ts";
import { readU32 } from "../encoding.ts";
import { StorageError } from "../errors.ts";
import type { ManifestEdit } from "../manifest/edit.ts";
import { currentPath, manifestPath, parseManifestName } from "../manifest/format.ts";
import { ManifestFile } from "../manifest/manifest-file.ts";
import type { ManifestState } from "../manifest/state.ts";
import { defaultOptions } from "../options.ts";
import { systemRandom } from "../random.ts";
import { tableDirectory } from "../table-files.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { walDirectory } from "../wal/format.ts";
import { type HistoryPlan, planHistoryRepair } from "./history-repair.ts";
import { type Inspection, inspect, type ToolOptions, tableFiles } from "./inspect.ts";
import { type LogPlan, planLog, rewriteLog } from "./log-repair.ts";
import { type Loss, lossText, type Problem, problemText } from "./problem.ts";
import { newSetAside, setAside } from "./set-aside.ts";
import { planTables, rewriteTables, type TablePlan } from "./table-repair.ts";
import { reportOf } from "./verify.ts";

export interface RepairReport {
  /** Nothing is damaged, and nothing was done. */
  readonly isClean: boolean;
  /** The damage has been repaired; otherwise this is what a repair would do. */
  readonly isDone: boolean;
  readonly problems: readonly Problem[];
  /** All that is lost by the damage, and by its repair. */
  readonly losses: readonly Loss[];
  /** Files that are kept under other names, and the directory where they are, once it exists. */
  readonly aside: readonly string[];
  readonly asideIn: string | undefined;
}

interface Plan {
  readonly inspection: Inspection;
  readonly log: LogPlan;
  readonly tables: TablePlan;
  readonly history: HistoryPlan;
  readonly report: RepairReport;
}

/** Says what a repair would do; changes nothing. Throws as `inspect`. */
export async function planRepair(vfs: Vfs, options: ToolOptions = {}): Promise<RepairReport> {
  return (await makePlan(vfs, options)).report;
}

/**
 * Makes a damaged store one that opens: new files beside the old ones, then a new manifest that names them, put in force by the renaming of
 * CURRENT. Until then everything is as it was, and a repair that was interrupted can be run again. What is replaced or left
 * out is kept in a directory of its own. Throws as `inspect`.
 */
export async function repair(vfs: Vfs, options: ToolOptions = {}): Promise<RepairReport> {
  const plan = await makePlan(vfs, options);
  const { inspection, report } = plan;
  if (report.isClean) return report;
  const { clock = systemClock, random = systemRandom } = options;
  const { state, header } = inspection.manifest.read;
  const asideIn = newSetAside(vfs);
  setAside(vfs, asideIn, report.aside, reportText(report));
  for (const directory of [walDirectory, tableDirectory]) {
    if (!vfs.exists(directory)) vfs.makeDirectory(directory);
  }
  const edits: ManifestEdit[] = [numbersOf(vfs, inspection), ...plan.log.edits, ...plan.history.edits];
  edits.push(...writeTables(vfs, plan));
  let closed = state.closedSegment;
  if (plan.log.isNeeded) {
    closed = await rewriteLog({ vfs, clock, random, inspection, plan: plan.log });
    edits.push({ kind: "logFloor", segment: plan.log.firstId, trim: state.trim });
  }
  for (const edit of edits) apply(state, edit);
  const number = nextManifest(vfs);
  const salt = random(8);
  const file = await ManifestFile.create(
    vfs,
    number,
    header.storeId,
    [readU32(salt, 0), readU32(salt, 4)],
    [...state.snapshot(), ...(closed === 0 ? [] : [{ kind: "closed", segment: closed } as const])],
  );
  file.publish(vfs);
  file.close();
  const copied = plan.log.isNeeded ? inspection.log.files : [];
  removeReplaced(vfs, [...report.aside, ...copied], number);
  return { ...report, isDone: true, asideIn };
}

async function makePlan(vfs: Vfs, options: ToolOptions): Promise<Plan> {
  const inspection = await inspect(vfs, options);
  const { kinds, orphans } = reportOf(vfs, inspection);
  const problems = kinds.flatMap((kind) => [...kind.problems]);
  const log = planLog(vfs, inspection);
  const files = tableFiles(vfs);
  try {
    const tables = planTables(vfs, files.files, inspection);
    const history = planHistoryRepair(inspection, log.isNeeded);
    const { manifest } = inspection;
    const edits = manifest.problems.flatMap(({ losses }) => losses);
    // What a manifest of the past does not know may be all there is of some rows.
    const unknown = manifest.isOutdated ? orphans.map(({ file }) => file) : [];
    const manifests = manifest.problems.length > 0 ? manifestFiles(vfs) : [];
    const aside = new Set([...manifests, ...log.aside, ...tables.aside, ...history.aside, ...unknown]);
    const report = {
      isClean: problems.length === 0,
      isDone: false,
      problems,
      losses: [...edits, ...log.losses, ...tables.losses, ...history.losses],
      aside: [...aside].sort(),
      asideIn: undefined,
    };
    return { inspection, log, tables, history, report };
  } finally {
    files.close();
  }
}

function writeTables(vfs: Vfs, { inspection, tables: plan }: Plan): ManifestEdit[] {
  const { state } = inspection.manifest.read;
  const tables = tableFiles(vfs);
  try {
    const firstNumber = Math.max(state.nextTable, lastTableNumber(vfs) + 1);
    return rewriteTables({ vfs, tables, state, plan, blockBytes: defaultOptions.blockBytes, firstNumber });
  } finally {
    tables.close();
  }
}

/** Numbers below these count as given out: files have them, or the log speaks of them. */
function numbersOf(vfs: Vfs, { manifest, log: { strangers } }: Inspection): ManifestEdit {
  const { nextSpace, nextFeed, nextTable } = manifest.read.state;
  return {
    kind: "numbers",
    space: Math.max(nextSpace - 1, ...strangers.spaces) + 1,
    feed: Math.max(nextFeed - 1, ...strangers.feeds) + 1,
    table: Math.max(nextTable - 1, lastTableNumber(vfs)) + 1,
  };
}

function lastTableNumber(vfs: Vfs): number {
  const names = vfs.exists(tableDirectory) ? vfs.list(tableDirectory) : [];
  return Math.max(0, ...names.map((name) => Number(/^(\d{10})\.sst$/.exec(name)?.[1] ?? 0)));
}

function manifestFiles(vfs: Vfs): string[] {
  return vfs.list("").filter((name) => name === currentPath || parseManifestName(name) !== undefined);
}

function nextManifest(vfs: Vfs): number {
  return Math.max(0, ...vfs.list("").map((name) => parseManifestName(name) ?? 0)) + 1;
}

function apply(state: ManifestState, edit: ManifestEdit): void {
  const problem = state.apply(edit);
  if (problem !== undefined) throw new StorageError("usage", `manifest edit ${edit.kind}: ${problem}`);
}

/** The old names of what is kept elsewhere or was copied, and the manifests that are not in force any more. Whatever else is left goes at the next start. */
function removeReplaced(vfs: Vfs, replaced: readonly string[], manifest: number): void {
  const others = manifestFiles(vfs).filter((name) => name !== currentPath && name !== manifestPath(manifest));
  for (const path of new Set([...replaced.filter((name) => name !== currentPath), ...others])) {
    if (vfs.exists(path)) vfs.unlink(path);
  }
}

function reportText({ problems, losses, aside }: RepairReport): string {
  return [
    "Found:",
    ...problems.map((problem) => `  ${problemText(problem)}`),
    "Lost:",
    ...(losses.length === 0 ? ["  nothing"] : losses.map((loss) => `  ${lossText(loss)}`)),
    "Kept here, as it was:",
    ...aside.map((path) => `  ${path}`),
    "",
  ].join("\n");
}
