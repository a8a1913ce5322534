/** Inputs of Contributor Insights and of Kinesis streaming destinations. */
import { controlTableName, controlTableNameMember, longArn, resourceName } from "../members.ts";
import { integer, oneOf, required, string, structure } from "../shapes.ts";

export const describeContributorInsightsInput = structure("DescribeContributorInsightsInput", {
  TableName: controlTableNameMember,
  IndexName: resourceName,
});

export const listContributorInsightsInput = structure("ListContributorInsightsInput", {
  TableName: controlTableName,
  NextToken: string(),
  MaxResults: integer({ max: 100 }),
});

export const updateContributorInsightsInput = structure("UpdateContributorInsightsInput", {
  TableName: controlTableNameMember,
  IndexName: resourceName,
  ContributorInsightsAction: required(oneOf("ENABLE", "DISABLE")),
  ContributorInsightsMode: oneOf("ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS"),
});

export const describeKinesisStreamingDestinationInput = structure(
  "DescribeKinesisStreamingDestinationInput",
  {
    TableName: controlTableNameMember,
  },
);

const precision = oneOf("MILLISECOND", "MICROSECOND");
const streamingDestination = {
  TableName: controlTableNameMember,
  StreamArn: required(longArn),
  EnableKinesisStreamingConfiguration: structure("EnableKinesisStreamingConfiguration", {
    ApproximateCreationDateTimePrecision: precision,
  }),
} as const;

export const enableKinesisStreamingDestinationInput = structure(
  "KinesisStreamingDestinationInput",
  streamingDestination,
);
export const disableKinesisStreamingDestinationInput = structure(
  "KinesisStreamingDestinationInput",
  streamingDestination,
);

export const updateKinesisStreamingDestinationInput = structure("UpdateKinesisStreamingDestinationInput", {
  TableName: controlTableNameMember,
  StreamArn: required(longArn),
  UpdateKinesisStreamingConfiguration: structure("UpdateKinesisStreamingConfiguration", {
    ApproximateCreationDateTimePrecision: precision,
  }),
});
