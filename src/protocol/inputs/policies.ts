/** Inputs of the resource policy operations. */
import { resourceArn } from "../members.ts";
import { boolean, required, string, structure } from "../shapes.ts";

const revisionId = string({ min: 1, max: 255 });

export const getResourcePolicyInput = structure("GetResourcePolicyInput", {
  ResourceArn: required(resourceArn),
});

export const putResourcePolicyInput = structure("PutResourcePolicyInput", {
  ResourceArn: required(resourceArn),
  Policy: required(string()),
  ExpectedRevisionId: revisionId,
  ConfirmRemoveSelfResourceAccess: boolean(),
});

export const deleteResourcePolicyInput = structure("DeleteResourcePolicyInput", {
  ResourceArn: required(resourceArn),
  ExpectedRevisionId: revisionId,
});
