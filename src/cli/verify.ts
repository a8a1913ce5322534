import { lossText, problemText, type SpaceId, type VerifyReport, verifyStore } from "../../storage/index.ts";
import { EXIT } from "./exit-codes.ts";
import { columns, count, namesIn, parseToolFlags, progress, runTool, size, type ToolFlags } from "./tool.ts";

/** `walnut verify`: reads and checks every file of a stopped store. Exit status 0, or 65 when something is damaged. */
export async function verify(argv: readonly string[]): Promise<void> {
  const flags = parseToolFlags(argv);
  await runTool(flags, async (vfs) => {
    const watch = progress();
    const report = await verifyStore(vfs, { watcher: watch.show }).finally(watch.end);
    const text =
      flags.format === "json"
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : render(report, flags, await namesIn(vfs));
    process.stdout.write(text);
    return report.isClean ? 0 : EXIT.damaged;
  });
}

function render(
  { kinds, orphans, torn, isClean }: VerifyReport,
  { dataDir }: ToolFlags,
  nameOf: (space: SpaceId) => string,
): string {
  const table = columns([
    ["kind", "files", "size", "problems"],
    ...kinds.map(({ kind, files, bytes, problems }) => [kind, files, size(bytes), problems.length]),
  ]);
  const problems = kinds.flatMap((kind) => kind.problems);
  const details = problems.map((problem) => {
    const losses = problem.losses.map((loss) => `    lost: ${lossText(loss, nameOf)}\n`);
    return `${problemText(problem)}\n${losses.length === 0 ? "    nothing of the data is lost\n" : losses.join("")}`;
  });
  const notes: string[] = [];
  if (torn !== undefined) {
    notes.push(
      `${torn.file} at byte ${torn.offset}: a write that never became durable; the next start cuts it off\n`,
    );
  }
  for (const { file, bytes } of orphans)
    notes.push(`${file} (${size(bytes)}): nothing needs it; the next start removes it\n`);
  const verdict = isClean
    ? "Everything is as it was written.\n"
    : `DAMAGED: ${count(problems.length, "problem")}. \`walnut repair --data-dir ${dataDir}\` tells what a repair would do, and changes nothing.\n`;
  return [table, ...details, ...notes, verdict].join(details.length + notes.length > 0 ? "\n" : "");
}
