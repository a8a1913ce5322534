import type { Given } from "./step.ts";

/** An on-demand table with string keys. */
export const table = (TableName: string, hash: string, range?: string): Given => {
  const names = range === undefined ? [hash] : [hash, range];
  return {
    operation: "CreateTable",
    request: {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? "HASH" : "RANGE" })),
    },
  };
};
