import { putResourcePolicyInput } from "../protocol/inputs/policies.ts";
import { canonicalPolicy } from "../tables/policy-document.ts";
import { checkRevision, policyOf, withPolicy } from "../tables/schema-policies.ts";
import { json, operation } from "./operation.ts";
import { changePolicy } from "./policy-owner.ts";

export const putResourcePolicy = operation({
  name: "PutResourcePolicy",
  input: putResourcePolicyInput,
  prepare: ({ ResourceArn, Policy, ExpectedRevisionId }) => ({
    arn: ResourceArn,
    document: canonicalPolicy(Policy),
    expected: ExpectedRevisionId,
  }),
  async execute({ arn, document, expected }, context) {
    const RevisionId = await changePolicy(arn, context, (record, owner) => {
      const current = policyOf(record, owner);
      checkRevision(record, current, expected);
      // One that says the same keeps its revision.
      if (current?.document === document) return { record, result: current.revisionId };
      // The time of the change, and another revision than the one that it replaces.
      const revisionId = String(Math.max(context.clock.now(), Number(current?.revisionId ?? 0) + 1));
      return { record: withPolicy(record, owner, { document, revisionId }), result: revisionId };
    });
    return json({ RevisionId });
  },
});
