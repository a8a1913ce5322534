/** Inputs of the operations on tables, and of the two that describe the endpoint and the account. */
import {
  attributeDefinitions,
  billingMode,
  controlTableNameMember,
  createGlobalSecondaryIndexAction,
  globalSecondaryIndex,
  keySchema,
  localSecondaryIndex,
  onDemandThroughput,
  provisionedThroughput,
  resourceName,
  settingsReplicationMode,
  sseSpecification,
  streamSpecification,
  tableArn,
  tableClass,
  tags,
  warmThroughput,
} from "../members.ts";
import { boolean, integer, list, oneOf, required, string, structure } from "../shapes.ts";
import { globalTableWitnessUpdates, replicationGroupUpdates } from "./replicas.ts";

export const createTableInput = structure("CreateTableInput", {
  AttributeDefinitions: required(attributeDefinitions),
  TableName: controlTableNameMember,
  KeySchema: required(keySchema),
  LocalSecondaryIndexes: list(localSecondaryIndex),
  GlobalSecondaryIndexes: list(globalSecondaryIndex),
  BillingMode: billingMode,
  ProvisionedThroughput: provisionedThroughput,
  StreamSpecification: streamSpecification,
  SSESpecification: sseSpecification,
  Tags: tags,
  TableClass: tableClass,
  DeletionProtectionEnabled: boolean(),
  WarmThroughput: warmThroughput,
  ResourcePolicy: string(),
  OnDemandThroughput: onDemandThroughput,
  GlobalTableSourceArn: tableArn,
  GlobalTableSettingsReplicationMode: settingsReplicationMode,
});

/** Three possible actions, exactly one of which must be given; that rule has its own messages. */
const globalSecondaryIndexUpdate = structure("GlobalSecondaryIndexUpdate", {
  Update: structure("UpdateGlobalSecondaryIndexAction", {
    IndexName: required(resourceName),
    ProvisionedThroughput: provisionedThroughput,
    OnDemandThroughput: onDemandThroughput,
    WarmThroughput: warmThroughput,
  }),
  Create: createGlobalSecondaryIndexAction,
  Delete: structure("DeleteGlobalSecondaryIndexAction", { IndexName: required(resourceName) }),
});

export const updateTableInput = structure("UpdateTableInput", {
  AttributeDefinitions: attributeDefinitions,
  TableName: controlTableNameMember,
  BillingMode: billingMode,
  ProvisionedThroughput: provisionedThroughput,
  GlobalSecondaryIndexUpdates: list(globalSecondaryIndexUpdate),
  StreamSpecification: streamSpecification,
  SSESpecification: sseSpecification,
  ReplicaUpdates: replicationGroupUpdates,
  TableClass: tableClass,
  DeletionProtectionEnabled: boolean(),
  MultiRegionConsistency: oneOf("EVENTUAL", "STRONG"),
  GlobalTableWitnessUpdates: globalTableWitnessUpdates,
  OnDemandThroughput: onDemandThroughput,
  WarmThroughput: warmThroughput,
  GlobalTableSettingsReplicationMode: settingsReplicationMode,
});

export const deleteTableInput = structure("DeleteTableInput", { TableName: controlTableNameMember });
export const describeTableInput = structure("DescribeTableInput", { TableName: controlTableNameMember });

export const listTablesInput = structure("ListTablesInput", {
  ExclusiveStartTableName: resourceName,
  Limit: integer({ min: 1, max: 100 }),
});

export const describeLimitsInput = structure("DescribeLimitsInput", {});
export const describeEndpointsInput = structure("DescribeEndpointsRequest", {});
