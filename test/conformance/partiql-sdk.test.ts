/** PartiQL through the AWS SDK, and what its writes leave in streams. */
import { expect, test } from "bun:test";
import {
  BatchExecuteStatementCommand,
  DuplicateItemException,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import { readStream, streamsClient } from "../support/streams.ts";
import { n, s } from "./partiql.ts";
import { member, useTarget } from "./target.ts";

const target = useTarget();

/** The error of a call that must fail. */
const errorOf = (sent: Promise<unknown>): Promise<unknown> =>
  sent.then(
    () => undefined,
    (error: unknown) => error,
  );

test("statements, batches and transactions, with the SDK's errors", async () => {
  const { client } = target;
  const table = await target.table();
  const insert = { Statement: `INSERT INTO "${table}" VALUE {'pk': 'a', 'b': ?}` };
  const Parameters = [{ B: new Uint8Array([0, 255]) }];
  await client.send(new ExecuteStatementCommand({ ...insert, Parameters }));
  const again = await errorOf(client.send(new ExecuteStatementCommand({ ...insert, Parameters })));
  expect(again).toBeInstanceOf(DuplicateItemException);
  const select = { Statement: `SELECT * FROM "${table}" WHERE pk = 'a'` };
  const { Items } = await client.send(new ExecuteStatementCommand(select));
  expect(Items).toEqual([{ pk: s("a"), b: { B: new Uint8Array([0, 255]) } }]);
  const { Responses } = await client.send(
    new BatchExecuteStatementCommand({ Statements: [select, { Statement: "NONSENSE" }] }),
  );
  expect(Responses?.map((response) => response.Error?.Code)).toEqual([undefined, "ValidationError"]);
  const TransactStatements = [{ Statement: `UPDATE "${table}" SET v = 1 WHERE pk = 'nobody'` }];
  const cancelled = await errorOf(client.send(new ExecuteTransactionCommand({ TransactStatements })));
  expect(cancelled).toBeInstanceOf(TransactionCanceledException);
});

test("streams tell of all writes, and of nothing else", async () => {
  const StreamSpecification = { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" };
  const table = await target.table({ more: { StreamSpecification } });
  const { LatestStreamArn } = member(await target.ok("DescribeTable", { TableName: table }), "Table");
  const execute = (Statement: string) => target.call("ExecuteStatement", { Statement });
  const insert = `INSERT INTO "${table}" VALUE {'pk': 'a', 'v': 1}`;
  await execute(insert);
  await execute(insert);
  await execute(`UPDATE "${table}" SET v = 2 WHERE pk = 'a' AND v = 7`);
  await execute(`UPDATE "${table}" SET v = 2 WHERE pk = 'a'`);
  await target.ok("ExecuteTransaction", {
    TransactStatements: [
      { Statement: `DELETE FROM "${table}" WHERE pk = 'a'` },
      { Statement: `EXISTS(SELECT * FROM "${table}" WHERE pk = 'b' AND v IS MISSING)` },
    ],
  });
  const streams = streamsClient(target.endpoint);
  const records = await readStream(streams, String(LatestStreamArn));
  streams.destroy();
  const [one, two] = [
    { pk: s("a"), v: n(1) },
    { pk: s("a"), v: n(2) },
  ];
  expect(
    records.map(({ eventName, dynamodb }) => [eventName, dynamodb?.OldImage, dynamodb?.NewImage] as unknown),
  ).toEqual([
    ["INSERT", undefined, one],
    ["MODIFY", one, two],
    ["REMOVE", two, undefined],
  ]);
});
