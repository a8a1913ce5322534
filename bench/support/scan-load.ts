/**
 * Scans of a whole table, over and over: four segments at once, each page where the one before ended.
 *
 *     bun scan-load.ts <endpoint> <seconds>
 *
 * Prints one line of JSON: ScanLoadResult.
 */
import { SIGNED, targetOf } from "../../test/support/call.ts";
import { SCANNED_TABLE } from "./tables.ts";

export interface ScanLoadResult {
  readonly pages: number;
  /** Of answers. */
  readonly megabytesPerSecond: number;
}

const SEGMENTS = 4;
const LAST_KEY = Buffer.from('"LastEvaluatedKey":');
const [endpoint = "", secondsText] = process.argv.slice(2);
const began = performance.now();
const end = began + Number(secondsText) * 1000;
let [pages, bytes] = [0, 0];

/** The key to go on from, as JSON text; found without parsing a megabyte. */
function lastKeyIn(page: Buffer): string | undefined {
  const at = page.lastIndexOf(LAST_KEY);
  if (at < 0) return undefined;
  // The key is an object of objects of strings: it ends with the first two closing braces in a row.
  const from = at + LAST_KEY.length;
  return page.toString("utf8", from, page.indexOf("}}", from) + 2);
}

async function scanSegment(segment: number): Promise<void> {
  let start: string | undefined;
  while (performance.now() < end) {
    const from = start === undefined ? "" : `,"ExclusiveStartKey":${start}`;
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": targetOf("Scan"),
        "accept-encoding": "identity",
        ...SIGNED,
      },
      body: `{"TableName":"${SCANNED_TABLE}","Segment":${segment},"TotalSegments":${SEGMENTS}${from}}`,
    });
    const page = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200) throw new Error(`Scan: ${page.toString("utf8")}`);
    pages += 1;
    bytes += page.length;
    start = lastKeyIn(page);
  }
}

await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => scanSegment(segment)));
const seconds = (performance.now() - began) / 1000;
const result: ScanLoadResult = { pages, megabytesPerSecond: bytes / seconds / 1e6 };
console.log(JSON.stringify(result));
process.exit(0);
