import { parseArgs } from "node:util";
import { diskVfs, readStoreRows, type SpaceId, StorageError, type Vfs } from "../../storage/index.ts";
import { UsageError } from "../config.ts";
import { SYSTEM_SPACE } from "../tables/keyspace.ts";
import { spaceNames } from "../tables/space-names.ts";
import { statusOf } from "./exit-codes.ts";

/** What all commands for a stopped store share: their flags, how they fail, how they show progress. */
export interface ToolFlags {
  readonly dataDir: string;
  readonly format: "text" | "json";
  /** The switches that were given. */
  readonly switches: ReadonlySet<string>;
}

/** Reads `--data-dir DIR`, `--format text|json` and the given switches; also from `WALNUT_DATA_DIR`. */
export function parseToolFlags(argv: readonly string[], switches: readonly string[] = []): ToolFlags {
  const { values } = parsed(argv, switches);
  const format = values["format"] ?? "text";
  if (format !== "text" && format !== "json")
    throw new UsageError(`--format must be text or json, not '${String(format)}'`);
  const dataDir = values["data-dir"] ?? process.env["WALNUT_DATA_DIR"] ?? "./walnut-data";
  return {
    dataDir: String(dataDir),
    format,
    switches: new Set(switches.filter((name) => values[name] === true)),
  };
}

function parsed(argv: readonly string[], switches: readonly string[]) {
  const options: Record<string, { type: "string" | "boolean" }> = {
    "data-dir": { type: "string" },
    format: { type: "string" },
  };
  for (const name of switches) options[name] = { type: "boolean" };
  try {
    return parseArgs({ args: [...argv], options, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Runs a tool on the directory. What it throws is one line on standard error and an exit status. */
export async function runTool(flags: ToolFlags, tool: (vfs: Vfs) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await tool(diskVfs(flags.dataDir, { mustExist: true }));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    process.stderr.write(`walnut: ${error.message}\n`);
    process.exitCode = statusOf(error);
  }
}

/** Shows on a terminal which file is being read, on one line that `end` clears. */
export function progress(): { show(file: string): void; end(): void } {
  const { stderr } = process;
  const clear = "\r\x1b[K";
  if (!stderr.isTTY) return { show() {}, end() {} };
  return {
    show: (file) => void stderr.write(`${clear}reading ${file}`),
    end: () => void stderr.write(clear),
  };
}

/** `n` things, in words. */
export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** A size with a unit that keeps it short. */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Lines of columns, the first ones left-aligned, numbers right-aligned. */
export function columns(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  const isNumeric = (i: number) =>
    rows.slice(1).every((row) => /^[\d.]+( \w+)?$/.test(String(row[i] ?? "0")));
  const right = widths.map((_, i) => i > 0 && isNumeric(i));
  return rows
    .map((row) =>
      row
        .map((cell, i) => {
          const text = String(cell);
          return right[i] === true ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0);
        })
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `  ${line}\n`)
    .join("");
}

/** What the spaces of a store are called; those that are not known by their ids. Says nothing of its own when the catalog cannot be read. */
export async function namesIn(vfs: Vfs): Promise<(space: SpaceId) => string> {
  let names: ReadonlyMap<SpaceId, string> = new Map();
  try {
    names = spaceNames(await readStoreRows(vfs, SYSTEM_SPACE));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
  }
  return (space) => names.get(space) ?? `space ${space}`;
}
