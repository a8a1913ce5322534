/**
 * ExpressionAttributeNames and ExpressionAttributeValues of one request: checked when built, resolved by all of its
 * expressions, and at the end asked which of them none mentioned. Use is syntactic: a mention counts, evaluated or not.
 */
import { ApiError, requestValidation, validation } from "../errors.ts";
import type { AttributeValue, RawAttributeValue, RawItem } from "../values/attribute-value.ts";
import type { DocumentPath } from "../values/document-path.ts";
import { normalizeName, normalizeValue } from "../values/normalize.ts";
import { type ExpressionKind, invalidExpression } from "./findings.ts";
import type { Parsed, PathSyntax } from "./syntax.ts";

/** Bytes of a placeholder, its sign included. */
const PLACEHOLDER_BYTES_MAX = 255;
const NAME_PLACEHOLDER = /^#\w+$/;
const VALUE_PLACEHOLDER = /^:\w+$/;

const NAMES = "ExpressionAttributeNames";
const VALUES = "ExpressionAttributeValues";

/** Gives real names and values to what stands for them in a syntax tree. */
export interface Bindings {
  path(path: PathSyntax): DocumentPath;
  value(placeholder: string): AttributeValue;
}

export class Placeholders implements Bindings {
  readonly #names: ReadonlyMap<string, string>;
  readonly #values: ReadonlyMap<string, AttributeValue>;
  readonly #unusedNames: Set<string>;
  readonly #unusedValues: Set<string>;

  /** Takes the two members of a request as decoded. Throws `ApiError` when they are not well formed. */
  constructor(names: Readonly<Record<string, string>> | undefined, values: RawItem | undefined) {
    this.#names = checkedEntries(NAMES, NAME_PLACEHOLDER, names, normalizeName);
    this.#values = checkedEntries<RawAttributeValue, AttributeValue>(
      VALUES,
      VALUE_PLACEHOLDER,
      values,
      normalizeValue,
    );
    this.#unusedNames = new Set(this.#names.keys());
    this.#unusedValues = new Set(this.#values.keys());
  }

  /** Marks what an expression mentions as used; throws when it mentions what is not defined, names first. */
  use(kind: ExpressionKind, { names, values }: Parsed<unknown>): void {
    for (const placeholder of names) {
      if (!this.#names.has(placeholder)) {
        throw invalidExpression(
          kind,
          `An expression attribute name used in the document path is not defined; attribute name: ${placeholder}`,
        );
      }
      this.#unusedNames.delete(placeholder);
    }
    for (const placeholder of values) {
      if (!this.#values.has(placeholder)) {
        throw invalidExpression(
          kind,
          `An expression attribute value used in expression is not defined; attribute value: ${placeholder}`,
        );
      }
      this.#unusedValues.delete(placeholder);
    }
  }

  /** A path with real names. Its placeholders have been passed to `use`. */
  path(path: PathSyntax): DocumentPath {
    return path.some(isPlaceholder) ? path.map((step) => this.#step(step)) : path;
  }

  /** The value of a placeholder that has been passed to `use`. */
  value(placeholder: string): AttributeValue {
    const value = this.#values.get(placeholder);
    if (value === undefined) throw new Error(`${placeholder} was not checked`);
    return value;
  }

  /** Throws when a name or value was given that no expression mentions. Call after all expressions are compiled. */
  rejectUnused(): void {
    rejectUnused(NAMES, this.#unusedNames);
    rejectUnused(VALUES, this.#unusedValues);
  }

  #step(step: string | number): string | number {
    return isPlaceholder(step) ? (this.#names.get(step) ?? step) : step;
  }
}

/** Bare names cannot begin with the sign. */
function isPlaceholder(step: string | number): step is string {
  return typeof step === "string" && step.startsWith("#");
}

function checkedEntries<Raw, Value>(
  member: string,
  pattern: RegExp,
  raw: Readonly<Record<string, Raw>> | undefined,
  check: (raw: Raw) => Value,
): ReadonlyMap<string, Value> {
  const entries = new Map<string, Value>();
  if (raw === undefined) return entries;
  const placeholders = Object.keys(raw);
  if (placeholders.length === 0) throw requestValidation(`${member} must not be empty`);
  for (const placeholder of placeholders) {
    if (!pattern.test(placeholder) || placeholder.length > PLACEHOLDER_BYTES_MAX) {
      throw requestValidation(`${member} contains invalid key: Syntax error; key: "${placeholder}"`);
    }
  }
  for (const placeholder of placeholders) {
    const value = raw[placeholder];
    if (value !== undefined) entries.set(placeholder, checkedValue(member, placeholder, value, check));
  }
  return entries;
}

function checkedValue<Raw, Value>(
  member: string,
  placeholder: string,
  raw: Raw,
  check: (raw: Raw) => Value,
): Value {
  try {
    return check(raw);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const problem = `${member} contains invalid value: ${error.message} for key ${placeholder}`;
    throw error.enveloped ? requestValidation(problem) : validation(problem);
  }
}

function rejectUnused(member: string, unused: ReadonlySet<string>): void {
  if (unused.size === 0) return;
  throw requestValidation(
    `Value provided in ${member} unused in expressions: keys: {${[...unused].join(", ")}}`,
  );
}
