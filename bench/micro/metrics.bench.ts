/** What counting requests costs, beside a request without its socket: `bun bench/micro/metrics.bench.ts`. */
import { bench, run, summary } from "mitata";
import { RequestMetrics } from "../../src/http/request-metrics.ts";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { inProcess } from "../../test/support/in-process.ts";

const TABLE = "Bench";
const TARGET = "DynamoDB_20120810.GetItem";
const key = { pk: { S: "a" } };

const server = await inProcess(await openStore({ vfs: memoryVfs() }));
await server.call("CreateTable", {
  TableName: TABLE,
  BillingMode: "PAY_PER_REQUEST",
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
});
await server.call("PutItem", { TableName: TABLE, Item: { ...key, text: { S: "x".repeat(1000) } } });
const headers = new Headers({
  "content-type": "application/x-amz-json-1.0",
  "x-amz-target": TARGET,
  "x-amz-date": "20260101T000000Z",
  authorization:
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00",
});
const body = JSON.stringify({ TableName: TABLE, Key: key });
const metrics = new RequestMetrics();

summary(() => {
  bench("GetItem of 1 KB, all but the socket", async () => server.wire({ headers, query: "", body }));
  bench("counting it", () => {
    const start = performance.now();
    const tally = metrics.tally(TARGET);
    metrics.inFlight += 1;
    tally.succeed(performance.now() - start);
    metrics.inFlight -= 1;
  });
});
await run();
