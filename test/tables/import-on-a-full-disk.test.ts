import { expect, test } from "bun:test";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { BUCKET, makeBucket } from "../conformance/bucket.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { SmallDiskVfs } from "../support/small-disk-vfs.ts";

const mebibyte = 1 << 20;

async function importInto(server: InProcess, TableName: string): Promise<Readonly<Record<string, unknown>>> {
  const begun = await server.call("ImportTable", {
    S3BucketSource: { S3Bucket: BUCKET },
    InputFormat: "DYNAMODB_JSON",
    TableCreationParameters: {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    },
  });
  const { ImportArn } = begun.body["ImportTableDescription"] as { ImportArn: string };
  for (;;) {
    const { body } = await server.call("DescribeImport", { ImportArn });
    const description = body["ImportTableDescription"] as Readonly<Record<string, unknown>>;
    if (description["ImportStatus"] !== "IN_PROGRESS") return description;
    await Bun.sleep(1);
  }
}

test("an import that finds the disk full fails and leaves nothing; with room it is done", async () => {
  const bucket = makeBucket();
  const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(30_000))).toString("base64");
  const lines = Array.from({ length: 600 }, (_, at) =>
    JSON.stringify({ Item: { id: { S: `${at}` }, noise: { B: noise() } } }),
  );
  bucket.put("items", lines.join("\n"));
  const vfs = new SmallDiskVfs(memoryVfs(), 200 * mebibyte);
  const store = await openStore({ vfs, logFillBytes: 0, worker: false, compaction: false });
  const server = await inProcess(store, { s3Dir: bucket.directory });
  const spaces = store.spaces().length;
  try {
    vfs.capacity = vfs.usedBytes + 6 * mebibyte;
    expect(await importInto(server, "Imported")).toMatchObject({
      ImportStatus: "FAILED",
      FailureCode: "InternalServerError",
      ErrorCount: 0,
    });
    expect((await server.call("DescribeTable", { TableName: "Imported" })).error).toBe(
      "ResourceNotFoundException",
    );
    expect(store.spaces()).toHaveLength(spaces);
    vfs.capacity = 200 * mebibyte;
    expect(await importInto(server, "Imported")).toMatchObject({ ImportStatus: "COMPLETED" });
    const { body } = await server.call("DescribeTable", { TableName: "Imported" });
    expect(body["Table"]).toMatchObject({ TableStatus: "ACTIVE", ItemCount: 600 });
  } finally {
    await server.transfers.close();
    await server.catalog.close();
    await store.close();
    bucket.remove();
  }
});
