/** Replicas of a table, as UpdateTable manages them. */
import { onDemandThroughput, provisionedThroughput, resourceName, tableClass } from "../members.ts";
import { list, required, string, structure } from "../shapes.ts";

const provisionedThroughputOverride = structure("ProvisionedThroughputOverride", {
  ReadCapacityUnits: provisionedThroughput.members.ReadCapacityUnits.shape,
});
const onDemandThroughputOverride = structure("OnDemandThroughputOverride", {
  MaxReadRequestUnits: onDemandThroughput.members.MaxReadRequestUnits,
});

const replicaSettings = {
  RegionName: required(string()),
  KMSMasterKeyId: string(),
  ProvisionedThroughputOverride: provisionedThroughputOverride,
  OnDemandThroughputOverride: onDemandThroughputOverride,
  GlobalSecondaryIndexes: list(
    structure("ReplicaGlobalSecondaryIndex", {
      IndexName: required(resourceName),
      ProvisionedThroughputOverride: provisionedThroughputOverride,
      OnDemandThroughputOverride: onDemandThroughputOverride,
    }),
    { min: 1 },
  ),
  TableClassOverride: tableClass,
} as const;

export const replicationGroupUpdates = list(
  structure("ReplicationGroupUpdate", {
    Create: structure("CreateReplicationGroupMemberAction", replicaSettings),
    Update: structure("UpdateReplicationGroupMemberAction", replicaSettings),
    Delete: structure("DeleteReplicationGroupMemberAction", { RegionName: required(string()) }),
  }),
  { min: 1 },
);

export const globalTableWitnessUpdates = list(
  structure("GlobalTableWitnessGroupUpdate", {
    Create: structure("CreateGlobalTableWitnessGroupMemberAction", { RegionName: required(string()) }),
    Delete: structure("DeleteGlobalTableWitnessGroupMemberAction", { RegionName: required(string()) }),
  }),
  { min: 1, max: 1 },
);
