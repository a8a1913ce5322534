import { validation } from "../errors.ts";
import { tagResourceInput } from "../protocol/inputs/tags.ts";
import { checkTags, mergeTags } from "../tables/schema-tags.ts";
import { operation } from "./operation.ts";
import { changeTags } from "./tagged-table.ts";

export const tagResource = operation({
  name: "TagResource",
  input: tagResourceInput,
  prepare({ ResourceArn, Tags }) {
    if (Tags.length === 0) throw validation("Atleast one Tag needs to be provided as Input.");
    return { arn: ResourceArn, tags: checkTags(Tags) };
  },
  async execute({ arn, tags }, context) {
    await changeTags(arn, context, (current) => mergeTags(current, tags));
    return "";
  },
});
