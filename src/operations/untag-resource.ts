import { validation } from "../errors.ts";
import { untagResourceInput } from "../protocol/inputs/tags.ts";
import { checkTagCount, checkTagKey } from "../tables/schema-tags.ts";
import { operation } from "./operation.ts";
import { changeTags } from "./tagged-table.ts";

export const untagResource = operation({
  name: "UntagResource",
  input: untagResourceInput,
  prepare({ ResourceArn, TagKeys }) {
    if (TagKeys.length === 0) throw validation("Atleast one Tag Key needs to be provided as Input.");
    const keys = new Set(TagKeys.map(checkTagKey));
    checkTagCount(TagKeys.length);
    return { arn: ResourceArn, keys };
  },
  async execute({ arn, keys }, context) {
    await changeTags(arn, context, (current) => current.filter(({ Key }) => !keys.has(Key)));
    return "";
  },
});
