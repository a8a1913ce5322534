/** Inputs of the tag operations. Empty lists and bad keys or values have messages of their own, given by the operations. */
import { resourceArn, tags } from "../members.ts";
import { list, required, string, structure } from "../shapes.ts";

const taggedArn = required(resourceArn, { absent: "Invalid TableArn", alone: true });

export const tagResourceInput = structure("TagResourceInput", {
  ResourceArn: taggedArn,
  Tags: required(tags),
});

export const untagResourceInput = structure("UntagResourceInput", {
  ResourceArn: taggedArn,
  TagKeys: required(list(string())),
});

export const listTagsOfResourceInput = structure("ListTagsOfResourceInput", {
  ResourceArn: taggedArn,
  NextToken: string(),
});
