import { ApiError, unknownOperation } from "../errors.ts";
import type { Body, Context } from "./operation.ts";
import { entryOf } from "./registry.ts";

/**
 * Finds and runs the operation that an X-Amz-Target names. Split in two, because the service looks up the name before it
 * authenticates the caller, and runs the operation after. Throws UnknownOperation.
 */
export function operationOf(target: string): (json: unknown, context: Context) => Promise<Body> | Body {
  const entry = entryOf(target);
  if (entry === undefined) throw unknownOperation();
  if (entry.operation === undefined) return () => Promise.reject(notYet(entry.name, entry.note));
  return entry.operation.run;
}

/** Known to the service, not built yet: says so instead of pretending. */
function notYet(name: string, note: string): ApiError {
  const message = `Walnut does not support ${name} yet${note === "" ? "" : ` (${note})`}`;
  return new ApiError("com.amazon.coral.service#UnknownOperationException", message);
}
