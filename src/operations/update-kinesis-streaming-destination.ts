import { updateKinesisStreamingDestinationInput } from "../protocol/inputs/insights.ts";
import { updateKinesis } from "../tables/schema-kinesis.ts";
import { changeKinesis } from "./kinesis-destination.ts";
import { json, operation } from "./operation.ts";

export const updateKinesisStreamingDestination = operation({
  name: "UpdateKinesisStreamingDestination",
  input: updateKinesisStreamingDestinationInput,
  prepare: (input) => input,
  async execute(input, context) {
    const { TableName, StreamArn, UpdateKinesisStreamingConfiguration: configuration } = input;
    const name = await changeKinesis(TableName, context, (record, now) =>
      updateKinesis(record, StreamArn, configuration, now),
    );
    return json({
      TableName: name,
      StreamArn,
      DestinationStatus: "UPDATING",
      UpdateKinesisStreamingConfiguration: configuration ?? {},
    });
  },
});
