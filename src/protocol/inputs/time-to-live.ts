/** Inputs of the time-to-live operations. */
import { controlTableNameMember, shortAttributeName } from "../members.ts";
import { boolean, required, structure } from "../shapes.ts";

export const describeTimeToLiveInput = structure("DescribeTimeToLiveInput", {
  TableName: controlTableNameMember,
});

export const updateTimeToLiveInput = structure("UpdateTimeToLiveInput", {
  TableName: controlTableNameMember,
  TimeToLiveSpecification: required(
    structure("TimeToLiveSpecification", {
      Enabled: required(boolean()),
      AttributeName: required(shortAttributeName),
    }),
  ),
});
