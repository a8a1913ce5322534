import { disableKinesisStreamingDestinationInput } from "../protocol/inputs/insights.ts";
import { disableKinesis } from "../tables/schema-kinesis.ts";
import { changeKinesis } from "./kinesis-destination.ts";
import { json, operation } from "./operation.ts";

export const disableKinesisStreamingDestination = operation({
  name: "DisableKinesisStreamingDestination",
  input: disableKinesisStreamingDestinationInput,
  prepare: (input) => input,
  async execute(input, context) {
    const { TableName, StreamArn, EnableKinesisStreamingConfiguration: configuration } = input;
    const name = await changeKinesis(TableName, context, (record, now) =>
      disableKinesis(record, StreamArn, configuration, now),
    );
    return json({
      TableName: name,
      StreamArn,
      DestinationStatus: "DISABLING",
      EnableKinesisStreamingConfiguration: {},
    });
  },
});
