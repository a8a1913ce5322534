/** Pieces of CreateTable and UpdateTable that declare keys and secondary indexes. */
import type { JsonObject } from "./target.ts";

/** AttributeDefinitions from `name:type`. */
export const definitions = (...attributes: readonly string[]): JsonObject[] =>
  attributes.map((attribute) => {
    const [AttributeName = "", AttributeType = ""] = attribute.split(":");
    return { AttributeName, AttributeType };
  });

/** An element of a KeySchema. */
export const element = (AttributeName: string, KeyType: "HASH" | "RANGE" = "HASH"): JsonObject => ({
  AttributeName,
  KeyType,
});

/** A secondary index, with all attributes unless told otherwise. */
export const indexOf = (
  IndexName: string,
  hash: string,
  range?: string,
  Projection: JsonObject = { ProjectionType: "ALL" },
): JsonObject => ({
  IndexName,
  KeySchema: [element(hash), ...(range === undefined ? [] : [element(range, "RANGE")])],
  Projection,
});
