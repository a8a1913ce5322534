/** Enable-, Disable-, Update- and DescribeKinesisStreamingDestination. */
import { describe, expect, test } from "bun:test";
import { member, notFound, useTarget, validation } from "./target.ts";

const target = useTarget();
const ONE = "arn:aws:kinesis:us-east-1:000000000000:stream/one";
const OTHER = "arn:aws:kinesis:us-east-1:000000000000:stream/other";
const MICROSECOND = { ApproximateCreationDateTimePrecision: "MICROSECOND" };

const send = (verb: string, TableName: string, StreamArn: string, more: object = {}) =>
  target.ok(`${verb}KinesisStreamingDestination`, { TableName, StreamArn, ...more });
const refusal = (verb: string, TableName: string, StreamArn: string, more: object = {}) =>
  target.refusal(`${verb}KinesisStreamingDestination`, { TableName, StreamArn, ...more });
const destinations = async (TableName: string) =>
  (await target.ok("DescribeKinesisStreamingDestination", { TableName }))["KinesisDataStreamDestinations"];
const wrongState = (verb: string, problem: string) =>
  validation(`Table is not in a valid state to ${verb} Kinesis Streaming Destination: ${problem}`);

describe("Kinesis destinations", () => {
  test("are enabled, updated, disabled, and stay listed", async () => {
    const name = await target.table();
    expect(await destinations(name)).toEqual([]);
    const named = { TableName: name, StreamArn: ONE };
    expect(await send("Enable", name, ONE)).toEqual({
      ...named,
      ...{ DestinationStatus: "ENABLING", EnableKinesisStreamingConfiguration: {} },
    });
    expect(await destinations(name)).toEqual([{ StreamArn: ONE, DestinationStatus: "ACTIVE" }]);
    const precise = { UpdateKinesisStreamingConfiguration: MICROSECOND };
    expect(await send("Update", name, ONE, precise)).toEqual({
      ...named,
      DestinationStatus: "UPDATING",
      ...precise,
    });
    expect(await destinations(name)).toEqual([
      { StreamArn: ONE, DestinationStatus: "ACTIVE", ...MICROSECOND },
    ]);
    expect(await send("Disable", name, ONE)).toMatchObject({ ...named, DestinationStatus: "DISABLING" });
    expect(await destinations(name)).toEqual([
      { StreamArn: ONE, DestinationStatus: "DISABLED", ...MICROSECOND },
    ]);
    await send("Enable", name, OTHER, { EnableKinesisStreamingConfiguration: MICROSECOND });
    expect(await destinations(name)).toEqual([
      { StreamArn: ONE, DestinationStatus: "DISABLED", ...MICROSECOND },
      { StreamArn: OTHER, DestinationStatus: "ACTIVE", ...MICROSECOND },
    ]);
  });

  test("that are disabled stay listed, but not all for ever", async () => {
    const name = await target.table();
    const arns = Array.from({ length: 25 }, (_, at) => `${ONE}-${String(at).padStart(2, "0")}`);
    for (const arn of arns) {
      await send("Enable", name, arn);
      await send("Disable", name, arn);
      // The newest are told by the clock.
      await Bun.sleep(2);
    }
    const listed = (await destinations(name)) as { StreamArn: string }[];
    expect(listed.map(({ StreamArn }) => StreamArn)).toEqual(arns.slice(-20));
  });

  test("refusals", async () => {
    const name = await target.table();
    const mustBeActive = wrongState(
      "disable",
      "KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.",
    );
    expect(await refusal("Disable", name, ONE)).toEqual(mustBeActive);
    const precise = { UpdateKinesisStreamingConfiguration: MICROSECOND };
    expect(await refusal("Update", name, ONE, precise)).toEqual(
      wrongState(
        "update",
        `No streaming destination with streamArn: ${ONE} found for table with tableName: ${name}`,
      ),
    );
    await send("Enable", name, ONE);
    for (const arn of [ONE, OTHER]) {
      expect(await refusal("Enable", name, arn)).toEqual(
        wrongState(
          "enable",
          "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.",
        ),
      );
    }
    expect(await refusal("Disable", name, ONE, { EnableKinesisStreamingConfiguration: MICROSECOND })).toEqual(
      validation("Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters"),
    );
    for (const more of [{}, { UpdateKinesisStreamingConfiguration: {} }]) {
      expect(await refusal("Update", name, ONE, more)).toEqual(
        validation(
          "Streaming destination cannot be updated with given parameters: " +
            "UpdateKinesisStreamingConfiguration cannot be null or contain only null values",
        ),
      );
    }
    const milliseconds = { ApproximateCreationDateTimePrecision: "MILLISECOND" };
    const { TableId } = member(await target.ok("DescribeTable", { TableName: name }), "Table");
    expect(await refusal("Update", name, ONE, { UpdateKinesisStreamingConfiguration: milliseconds })).toEqual(
      validation(
        `Invalid Request: Precision is already set to the desired value of MILLISECOND for tableId: ${TableId}, kdsArn: ${ONE}`,
      ),
    );
    await send("Disable", name, ONE);
    expect(await refusal("Disable", name, ONE)).toEqual(mustBeActive);
    expect(await refusal("Update", name, ONE, precise)).toEqual(
      wrongState(
        "update",
        `Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. TableName: ${name}, kdsArn: ${ONE}`,
      ),
    );
    const absent = notFound("Requested resource not found: Table: gone not found");
    for (const verb of ["Enable", "Disable", "Update", "Describe"])
      expect(await refusal(verb, "gone", ONE, precise)).toEqual(absent);
  });
});
