/**
 * Scans of a whole table, over and over: four segments at once, each page where the one before ended.
 *
 *     bun scan-load.ts <endpoint> <seconds>
 *
 * Prints one line of JSON: ScanLoadResult.
 */
import { Connection, connectAll } from "./connections.ts";
import { post } from "./requests.ts";
import { SCANNED_TABLE } from "./tables.ts";

export interface ScanLoadResult {
  readonly pages: number;
  /** Of answers. */
  readonly megabytesPerSecond: number;
}

const SEGMENTS = 4;
const LAST_KEY = Buffer.from('"LastEvaluatedKey":');
const [endpoint = "", secondsText] = process.argv.slice(2);
const { host } = new URL(endpoint);
const began = performance.now();
const end = began + Number(secondsText) * 1000;
let pages = 0;

/** The key to go on from, as JSON text. */
function lastKeyIn(tail: Buffer): string | undefined {
  const at = tail.lastIndexOf(LAST_KEY);
  if (at < 0) return undefined;
  // The key is an object of objects of strings: it ends with the first two closing braces in a row.
  const from = at + LAST_KEY.length;
  return tail.toString("utf8", from, tail.indexOf("}}", from) + 2);
}

function scanPage(connection: Connection, segment: number, start: string | undefined): void {
  const from = start === undefined ? "" : `,"ExclusiveStartKey":${start}`;
  connection.send(
    post(
      host,
      "Scan",
      `{"TableName":"${SCANNED_TABLE}","Segment":${segment},"TotalSegments":${SEGMENTS}${from}}`,
    ),
  );
}

const segments = new Map<Connection, number>();
const finished = Promise.withResolvers<void>();
const connections = await connectAll(endpoint, SEGMENTS, (connection) => {
  pages += 1;
  if (performance.now() < end) {
    scanPage(connection, segments.get(connection) ?? 0, lastKeyIn(connection.tail));
    return;
  }
  segments.delete(connection);
  if (segments.size === 0) finished.resolve();
});
for (const [segment, connection] of connections.entries()) {
  segments.set(connection, segment);
  scanPage(connection, segment, undefined);
}
await finished.promise;
const seconds = (performance.now() - began) / 1000;
const result: ScanLoadResult = { pages, megabytesPerSecond: Connection.bytesReceived / seconds / 1e6 };
console.log(JSON.stringify(result));
process.exit(0);
