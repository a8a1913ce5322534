import {
  lossText,
  planStoreRepair,
  problemText,
  type RepairReport,
  repairStore,
  type SpaceId,
} from "../../storage/index.ts";
import { EXIT } from "./exit-codes.ts";
import { count, namesIn, parseToolFlags, progress, runTool, type ToolFlags } from "./tool.ts";

/**
 * `walnut repair`: makes a damaged store one that opens. Without `--accept-loss`, and with `--dry-run`, it only says what would be lost: exit
 * status 65 if anything is damaged.
 */
export async function repair(argv: readonly string[]): Promise<void> {
  const flags = parseToolFlags(argv, ["accept-loss", "dry-run"]);
  const isAccepted = flags.switches.has("accept-loss") && !flags.switches.has("dry-run");
  await runTool(flags, async (vfs) => {
    const watch = progress();
    // Before the repair: afterwards the catalog may not know as much.
    const nameOf = await namesIn(vfs);
    const work = isAccepted ? repairStore : planStoreRepair;
    const report = await work(vfs, { watcher: watch.show }).finally(watch.end);
    const text =
      flags.format === "json" ? `${JSON.stringify(report, undefined, 2)}\n` : render(report, flags, nameOf);
    process.stdout.write(text);
    return report.isClean || report.isDone ? 0 : EXIT.damaged;
  });
}

function render(
  { isClean, isDone, problems, losses, aside, asideIn }: RepairReport,
  { dataDir }: ToolFlags,
  nameOf: (space: SpaceId) => string,
): string {
  if (isClean) return "Nothing is damaged: there is nothing to repair.\n";
  const lines = [
    "Damaged:",
    ...problems.map((problem) => `  ${problemText(problem)}`),
    isDone ? "Lost:" : "A repair loses:",
    ...(losses.length === 0 ? ["  nothing"] : losses.map((loss) => `  ${lossText(loss, nameOf)}`)),
  ];
  if (isDone) {
    lines.push(
      `Repaired. ${count(aside.length, "file")} that were replaced are in ${dataDir}/${asideIn}, as they were.`,
    );
    if (losses.some(({ kind }) => kind !== "changes" && kind !== "trimmed"))
      lines.push("Counts of items and bytes still include lost rows; an index may differ from its table.");
  } else {
    lines.push(
      `Nothing was changed. \`walnut repair --accept-loss --data-dir ${dataDir}\` repairs, and keeps ${count(aside.length, "damaged file")} aside.`,
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}
