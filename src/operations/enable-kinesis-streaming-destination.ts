import { enableKinesisStreamingDestinationInput } from "../protocol/inputs/insights.ts";
import { enableKinesis } from "../tables/schema-kinesis.ts";
import { changeKinesis } from "./kinesis-destination.ts";
import { json, operation } from "./operation.ts";

export const enableKinesisStreamingDestination = operation({
  name: "EnableKinesisStreamingDestination",
  input: enableKinesisStreamingDestinationInput,
  prepare: (input) => input,
  async execute(input, context) {
    const { TableName, StreamArn, EnableKinesisStreamingConfiguration: configuration } = input;
    const name = await changeKinesis(TableName, context, (record, now) =>
      enableKinesis(record, StreamArn, configuration, now),
    );
    return json({
      TableName: name,
      StreamArn,
      DestinationStatus: "ENABLING",
      EnableKinesisStreamingConfiguration: configuration ?? {},
    });
  },
});
