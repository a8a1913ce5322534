import { ApiError, requestValidation } from "../errors.ts";
import { compileInput } from "../protocol/input.ts";
import type { Infer, StructureShape } from "../protocol/shapes.ts";
import type { Clock } from "../runtime/clock.ts";
import type { IdempotencyTokens } from "../tables/idempotency.ts";
import type { WriteServices } from "../tables/write.ts";
import type { Transfers } from "../transfer/transfers.ts";

/** An answer's body: JSON text, or the same as UTF-8 bytes (spliced from stored rows). */
export type Body = string | Uint8Array<ArrayBuffer>;

/** What operations work with: one per server. */
export interface Services extends WriteServices {
  readonly tokens: IdempotencyTokens;
  readonly transfers: Transfers;
  readonly clock: Clock;
  readonly accountId: string;
}

/** What an operation knows of its request beside the input. */
export interface Context extends Services {
  readonly region: string;
  readonly headers: RequestHeaders;
}

/** What the server needs to read of a request's headers; the platform's `Headers` satisfies it. */
export interface RequestHeaders {
  get(name: string): string | null;
}

/**
 * One API operation in the four strata of a request: `input` (JSON types and modelled constraints), `prepare` (pure: parameters refused,
 * expressions compiled, all without looking at a table), `execute` (against the table's schema and its items).
 */
export interface OperationDefinition<S extends StructureShape, Prepared> {
  readonly name: string;
  readonly input: S;
  /** The service puts "1 validation error detected: " before request-level refusals of this operation. */
  readonly enveloped?: boolean;
  readonly prepare: (input: Infer<S>) => Prepared;
  readonly execute: (prepared: Prepared, context: Context) => Promise<Body> | Body;
}

/** An operation, its types sealed: parsed JSON in, body out. Throws (or rejects with) ApiError. */
export interface Operation {
  readonly name: string;
  readonly run: (json: unknown, context: Context) => Promise<Body> | Body;
}

/** Seals a definition. */
export function operation<S extends StructureShape, Prepared>(
  definition: OperationDefinition<S, Prepared>,
): Operation {
  const { name, prepare, execute } = definition;
  const read = compileInput(definition.input);
  if (definition.enveloped !== true)
    return { name, run: (json, context) => execute(prepare(read(json)), context) };
  return {
    name,
    run: (json, context) => {
      const input = read(json);
      let prepared: Prepared;
      try {
        prepared = prepare(input);
      } catch (error) {
        throw error instanceof ApiError && error.enveloped
          ? requestValidation(`1 validation error detected: ${error.message}`)
          : error;
      }
      return execute(prepared, context);
    },
  };
}

/** An answer made of plain JSON values; items inside it are normalised DynamoDB-JSON already. */
export const json = (value: object): string => JSON.stringify(value);
