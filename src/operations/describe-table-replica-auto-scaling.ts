import { resourceNotFound } from "../errors.ts";
import { describeTableReplicaAutoScalingInput } from "../protocol/inputs/global-tables.ts";
import { operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

/** Of a table without replicas, which every table here is, the service says that it does not exist. */
export const describeTableReplicaAutoScaling = operation({
  name: "DescribeTableReplicaAutoScaling",
  input: describeTableReplicaAutoScalingInput,
  prepare: (input) => input.TableName,
  execute(tableName, context) {
    throw resourceNotFound(`Global table with name: '${tableNameOf(tableName, context)}' does not exist.`);
  },
});
