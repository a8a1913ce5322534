/** An operation's input, compiled: from parsed JSON to a typed, checked request in one call. */
import { compileConstraints } from "./constraints.ts";
import { compileDecoder } from "./decode.ts";
import type { JsonObject } from "./decode-attribute-value.ts";
import type { Infer, StructureShape } from "./shapes.ts";

/**
 * Compiles a shape once. The compiled function takes what JSON.parse gave for the body and returns the typed input, which
 * shares the parsed objects; it throws SerializationException (wrong JSON types) or ValidationException (modelled constraints).
 */
export function compileInput<S extends StructureShape>(shape: S): (json: unknown) => Infer<S> {
  const decode = compileDecoder(shape, "element");
  const check = compileConstraints(shape);
  return (json) => {
    const decoded = decode(json) as JsonObject;
    check(decoded);
    // Decoded to the shape's JSON types and found to have all required members.
    return decoded as Infer<S>;
  };
}
