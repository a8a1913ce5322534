/** Inputs of the legacy global table operations and of replica auto scaling. */
import {
  autoScalingSettingsUpdate,
  billingMode,
  controlTableNameMember,
  resourceName,
  tableClass,
} from "../members.ts";
import { integer, list, long, required, string, structure } from "../shapes.ts";

const capacityUnits = long({ min: 1 });
const regionName = required(string());
const globalTableName = required(resourceName);

export const createGlobalTableInput = structure("CreateGlobalTableInput", {
  GlobalTableName: globalTableName,
  ReplicationGroup: required(list(structure("Replica", { RegionName: string() }))),
});

export const describeGlobalTableInput = structure("DescribeGlobalTableInput", {
  GlobalTableName: globalTableName,
});

export const describeGlobalTableSettingsInput = structure("DescribeGlobalTableSettingsInput", {
  GlobalTableName: globalTableName,
});

export const listGlobalTablesInput = structure("ListGlobalTablesInput", {
  ExclusiveStartGlobalTableName: resourceName,
  Limit: integer({ min: 1 }),
  RegionName: string(),
});

export const updateGlobalTableInput = structure("UpdateGlobalTableInput", {
  GlobalTableName: globalTableName,
  ReplicaUpdates: required(
    list(
      structure("ReplicaUpdate", {
        Create: structure("CreateReplicaAction", { RegionName: regionName }),
        Delete: structure("DeleteReplicaAction", { RegionName: regionName }),
      }),
    ),
  ),
});

const replicaSettingsUpdate = structure("ReplicaSettingsUpdate", {
  RegionName: regionName,
  ReplicaProvisionedReadCapacityUnits: capacityUnits,
  ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate: autoScalingSettingsUpdate,
  ReplicaGlobalSecondaryIndexSettingsUpdate: list(
    structure("ReplicaGlobalSecondaryIndexSettingsUpdate", {
      IndexName: required(resourceName),
      ProvisionedReadCapacityUnits: capacityUnits,
      ProvisionedReadCapacityAutoScalingSettingsUpdate: autoScalingSettingsUpdate,
    }),
    { min: 1, max: 20 },
  ),
  ReplicaTableClass: tableClass,
});

export const updateGlobalTableSettingsInput = structure("UpdateGlobalTableSettingsInput", {
  GlobalTableName: globalTableName,
  GlobalTableBillingMode: billingMode,
  GlobalTableProvisionedWriteCapacityUnits: capacityUnits,
  GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate: autoScalingSettingsUpdate,
  GlobalTableGlobalSecondaryIndexSettingsUpdate: list(
    structure("GlobalTableGlobalSecondaryIndexSettingsUpdate", {
      IndexName: required(resourceName),
      ProvisionedWriteCapacityUnits: capacityUnits,
      ProvisionedWriteCapacityAutoScalingSettingsUpdate: autoScalingSettingsUpdate,
    }),
    { min: 1, max: 20 },
  ),
  ReplicaSettingsUpdate: list(replicaSettingsUpdate, { min: 1, max: 50 }),
});

export const describeTableReplicaAutoScalingInput = structure("DescribeTableReplicaAutoScalingInput", {
  TableName: controlTableNameMember,
});

export const updateTableReplicaAutoScalingInput = structure("UpdateTableReplicaAutoScalingInput", {
  GlobalSecondaryIndexUpdates: list(
    structure("GlobalSecondaryIndexAutoScalingUpdate", {
      IndexName: resourceName,
      ProvisionedWriteCapacityAutoScalingUpdate: autoScalingSettingsUpdate,
    }),
    { min: 1 },
  ),
  TableName: controlTableNameMember,
  ProvisionedWriteCapacityAutoScalingUpdate: autoScalingSettingsUpdate,
  ReplicaUpdates: list(
    structure("ReplicaAutoScalingUpdate", {
      RegionName: regionName,
      ReplicaGlobalSecondaryIndexUpdates: list(
        structure("ReplicaGlobalSecondaryIndexAutoScalingUpdate", {
          IndexName: resourceName,
          ProvisionedReadCapacityAutoScalingUpdate: autoScalingSettingsUpdate,
        }),
      ),
      ReplicaProvisionedReadCapacityAutoScalingUpdate: autoScalingSettingsUpdate,
    }),
    { min: 1 },
  ),
});
