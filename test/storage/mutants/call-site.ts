/** Names of the functions of storage/ that lead to a call, innermost first: "wal-writer.seal < log.roll". */

const framesMost = 40;
/** "at seal (file:///…/storage/wal/wal-writer.ts:12:3)": the function, and the file without its folders. */
const frame = /at (?:async )?(?:new )?([#\w<>$ ]+) \(.*\/storage\/(.*?)(?:[^/]*\/)*([\w-]+)\.ts:\d/;

/**
 * The site of the call under way, without the frames of file systems. Functions that have waited since they were called are missing, or come
 * without their callers.
 */
export function callSite(): string {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = framesMost;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = before;
  const names: string[] = [];
  for (const line of stack.split("\n")) {
    if (line.includes("/test/") || line.includes("/storage/vfs/")) continue;
    const [, name, , file] = frame.exec(line) ?? [];
    if (name !== undefined) names.push(`${file}.${name.replace("#", "")}`);
  }
  return names.join(" < ");
}
