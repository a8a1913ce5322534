import { deleteResourcePolicyInput } from "../protocol/inputs/policies.ts";
import { checkRevision, policyOf, withPolicy } from "../tables/schema-policies.ts";
import { json, operation } from "./operation.ts";
import { changePolicy } from "./policy-owner.ts";

export const deleteResourcePolicy = operation({
  name: "DeleteResourcePolicy",
  input: deleteResourcePolicyInput,
  prepare: (input) => input,
  async execute({ ResourceArn, ExpectedRevisionId }, context) {
    const RevisionId = await changePolicy(ResourceArn, context, (record, owner) => {
      const current = policyOf(record, owner);
      checkRevision(record, current, ExpectedRevisionId);
      if (current === undefined) return { record, result: undefined };
      return { record: withPolicy(record, owner, undefined), result: current.revisionId };
    });
    return json({ RevisionId });
  },
});
