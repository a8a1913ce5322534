import { getResourcePolicyInput } from "../protocol/inputs/policies.ts";
import { existingPolicy } from "../tables/schema-policies.ts";
import { json, operation } from "./operation.ts";
import { policyOwner } from "./policy-owner.ts";

export const getResourcePolicy = operation({
  name: "GetResourcePolicy",
  input: getResourcePolicyInput,
  prepare: (input) => input.ResourceArn,
  execute(arn, context) {
    const { owner, record } = policyOwner(arn, context);
    const { document, revisionId } = existingPolicy(record, owner);
    return json({ Policy: document, RevisionId: revisionId });
  },
});
