/** Members that several operations share, with the constraints the service was seen to apply (not always the model's). */
import {
  boolean,
  double,
  integer,
  item,
  list,
  long,
  map,
  oneOf,
  pattern,
  required,
  string,
  structure,
} from "./shapes.ts";

const attributeNameMax = 65_535;
const arnMax = 1024;

const namePattern = pattern("[a-zA-Z0-9_.-]+");

/** A table or index name where no ARN is allowed. */
export const resourceName = string({ min: 3, max: 255, pattern: namePattern });
export const backupName = string({ min: 3, max: 255, pattern: namePattern, patternFirst: true });
/** A table's name or ARN where items are read and written: shorter names are simply not found. */
export const dataTableName = string({ min: 1, max: 255, pattern: namePattern, arnMax });
/** A table's name or ARN where tables are managed. */
export const controlTableName = string({ min: 3, max: 255, pattern: namePattern, arnMax });

/** `TableName` of the operations on tables: checked, and reported, before everything else. */
export const controlTableNameMember = required(controlTableName, {
  alone: true,
  absent: "The parameter 'TableName' is required but was not present in the request",
});

export const tableArn = string({ min: 1, max: arnMax });
/** A stream, backup, export or import ARN. */
export const longArn = string({ min: 37, max: arnMax });
/** The ARN of a taggable resource, or of one that carries a policy. */
export const resourceArn = string({ min: 1, max: 1283 });

/** An item or a key. Their names and values are judged by `values/normalize`. */
export const attributes = item();
export const attributeName = string({ max: attributeNameMax });
/** The name of a key attribute, or of one projected into an index. */
export const shortAttributeName = string({ min: 1, max: 255 });
export const attributesToGet = list(attributeName, { min: 1 });
export const expressionAttributeNames = map(attributeName);
export const expressionAttributeValues = item();

export const conditionalOperator = oneOf("OR", "AND");
export const comparisonOperator = oneOf(
  "IN",
  "NULL",
  "BETWEEN",
  "LT",
  "NOT_CONTAINS",
  "EQ",
  "GT",
  "NOT_NULL",
  "NE",
  "LE",
  "BEGINS_WITH",
  "GE",
  "CONTAINS",
);
export const returnValues = oneOf("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW");
export const returnValuesOnConditionCheckFailure = oneOf("ALL_OLD", "NONE");
export const returnConsumedCapacity = oneOf("INDEXES", "TOTAL", "NONE");
export const returnItemCollectionMetrics = oneOf("SIZE", "NONE");
export const select = oneOf("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES");

export const clientRequestToken = string({ min: 1, max: 36 });

export const billingMode = oneOf("PROVISIONED", "PAY_PER_REQUEST");
/** Not an enum on the wire: a bad table class has its own message, given where tables are planned. */
export const tableClass = string();
export const settingsReplicationMode = oneOf("ENABLED", "DISABLED", "ENABLED_WITH_OVERRIDES");

const keySchemaElement = structure("KeySchemaElement", {
  AttributeName: required(shortAttributeName),
  KeyType: required(oneOf("HASH", "RANGE")),
});
/** Key schema of a table or local secondary index. */
export const keySchema = list(keySchemaElement, { min: 1, max: 2 });
/** Key schema of a global secondary index: up to four partition and four sort key attributes. */
const globalKeySchema = list(keySchemaElement, { min: 1, max: 8 });

export const attributeDefinitions = list(
  structure("AttributeDefinition", {
    AttributeName: required(shortAttributeName),
    AttributeType: required(oneOf("B", "N", "S")),
  }),
);

/** Writes before reads: the service lists their violations so. */
export const provisionedThroughput = structure("ProvisionedThroughput", {
  WriteCapacityUnits: required(long({ min: 1 })),
  ReadCapacityUnits: required(long({ min: 1 })),
});
export const onDemandThroughput = structure("OnDemandThroughput", {
  MaxReadRequestUnits: long(),
  MaxWriteRequestUnits: long(),
});
export const warmThroughput = structure("WarmThroughput", {
  ReadUnitsPerSecond: long(),
  WriteUnitsPerSecond: long(),
});

export const projection = structure("Projection", {
  ProjectionType: oneOf("ALL", "INCLUDE", "KEYS_ONLY"),
  NonKeyAttributes: list(shortAttributeName, { min: 1, max: 20 }),
});
export const localSecondaryIndex = structure("LocalSecondaryIndex", {
  IndexName: required(resourceName),
  KeySchema: required(keySchema),
  Projection: required(projection),
});
const globalSecondaryIndexMembers = {
  IndexName: required(resourceName),
  KeySchema: required(globalKeySchema),
  Projection: required(projection),
  ProvisionedThroughput: provisionedThroughput,
  OnDemandThroughput: onDemandThroughput,
  WarmThroughput: warmThroughput,
} as const;
export const globalSecondaryIndex = structure("GlobalSecondaryIndex", globalSecondaryIndexMembers);
export const createGlobalSecondaryIndexAction = structure(
  "CreateGlobalSecondaryIndexAction",
  globalSecondaryIndexMembers,
);

export const streamSpecification = structure("StreamSpecification", {
  StreamEnabled: required(boolean()),
  StreamViewType: oneOf("NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"),
});
export const sseSpecification = structure("SSESpecification", {
  Enabled: boolean(),
  SSEType: oneOf("AES256", "KMS"),
  KMSMasterKeyId: string(),
});

/** Bad tag keys and values have messages of their own, given where tags are judged. */
export const tags = list(structure("Tag", { Key: string(), Value: string() }));

/** Auto scaling of one dimension of one table or index. */
export const autoScalingSettingsUpdate = structure("AutoScalingSettingsUpdate", {
  MinimumUnits: long({ min: 1 }),
  MaximumUnits: long({ min: 1 }),
  AutoScalingDisabled: boolean(),
  AutoScalingRoleArn: string({
    min: 1,
    max: 1600,
    pattern: pattern("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*"),
  }),
  ScalingPolicyUpdate: structure("AutoScalingPolicyUpdate", {
    PolicyName: string({ min: 1, max: 256, pattern: pattern("\\p{Print}+", "[\\x20-\\x7E]+") }),
    TargetTrackingScalingPolicyConfiguration: required(
      structure("AutoScalingTargetTrackingScalingPolicyConfigurationUpdate", {
        DisableScaleIn: boolean(),
        ScaleInCooldown: integer(),
        ScaleOutCooldown: integer(),
        TargetValue: required(double()),
      }),
    ),
  }),
});
