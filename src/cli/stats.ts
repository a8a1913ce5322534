import { readStoreStats, type SpaceId, type StoppedStats } from "../../storage/index.ts";
import { columns, count, namesIn, parseToolFlags, progress, runTool, size } from "./tool.ts";

/** `walnut stats`: what is in the directory of a stopped server. Counters of a running one are at /_walnut/metrics. */
export async function stats(argv: readonly string[]): Promise<void> {
  const flags = parseToolFlags(argv);
  await runTool(flags, async (vfs) => {
    const watch = progress();
    const report = await readStoreStats(vfs, { watcher: watch.show }).finally(watch.end);
    process.stdout.write(
      flags.format === "json"
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : render(report, await namesIn(vfs)),
    );
    return 0;
  });
}

const date = (time: number) => (time === 0 ? "-" : new Date(time).toISOString());

function render(report: StoppedStats, nameOf: (space: SpaceId) => string): string {
  const { formats, spaces, feeds, checkpoints, archives, segments, problems } = report;
  const sections = [
    `store ${report.storeId}, ${report.isClosed ? "closed in order" : "not closed in order"}
formats: manifest ${formats.manifest}, log ${formats.log}, SSTables ${formats.sstable}
last commit: ${report.lastSequence}, ${date(report.lastTime)}
space amplification: ${report.amplification === 0 ? "-" : report.amplification.toFixed(2)} (SSTables of all levels over those of the last)
`,
    section("spaces", [
      ["name", "rows", "size", "files", "on disk", "levels", "unflushed"],
      ...spaces.map((space) => [
        nameOf(space.id),
        space.rows,
        size(space.bytes),
        space.files,
        size(space.fileBytes),
        space.levels.map(({ level, files }) => `${level}:${files}`).join(" ") || "-",
        size(space.unflushedBytes),
      ]),
    ]),
    section("feeds", [
      ["id", "shard", "records", "oldest", "newest"],
      ...feeds.flatMap(({ id, shards }) =>
        shards.map((shard) => [id, shard.shard, shard.records, date(shard.oldest), date(shard.newest)]),
      ),
    ]),
    section("checkpoints", [
      ["id", "of", "spaces", "files", "size"],
      ...checkpoints.map(({ id, time, spaces: held, files, bytes }) => [
        id,
        date(time),
        held,
        files,
        size(bytes),
      ]),
    ]),
    section("log", [
      ["segment", "size", "commits", "first", "last"],
      ...segments.map(({ path, bytes, commits, firstTime, lastTime }) => [
        path,
        size(bytes),
        commits,
        date(commits === 0 ? 0 : firstTime),
        date(commits === 0 ? 0 : lastTime),
      ]),
    ]),
    archives.files === 0 ? "" : `archives: ${count(archives.files, "file")}, ${size(archives.bytes)}\n`,
    problems === 0 ? "" : `DAMAGED: ${count(problems, "problem")}; see \`walnut verify\`\n`,
  ];
  return sections.filter((text) => text !== "").join("\n");
}

function section(title: string, rows: readonly (readonly (string | number)[])[]): string {
  return rows.length === 1 ? "" : `${title}\n${columns(rows)}`;
}
