/** Checks of key schemas, attribute definitions and projections, in CreateTable and where UpdateTable adds an index. */
import { validation } from "../errors.ts";
import type { Projection } from "./schema.ts";
import type { AttributeDefinition, KeySchemaElement, ProjectionRequest } from "./schema-request.ts";

/** Of a global secondary index: this many partition and this many sort key attributes. */
const ROLE_ATTRIBUTES_MAX = 4;

/** A ValidationException about the parameters of a request against each other. */
export const invalidParameters = (problem: string) =>
  validation(`One or more parameter values were invalid: ${problem}`);

/** A list of names as the service prints it. */
const bracketed = (names: Iterable<string>): string => `[${[...names].join(", ")}]`;

const namesOf = (elements: readonly KeySchemaElement[]): string[] =>
  elements.map((element) => element.AttributeName);

const definedNames = (definitions: readonly AttributeDefinition[]): string[] =>
  definitions.map((definition) => definition.AttributeName);

/**
 * Attribute definitions of a new table against all its keys: no name twice, every key attribute defined, none unused.
 * `indexKeys` are the key schemas of all indexes. Throws `ApiError`.
 */
export function checkDefinitions(
  definitions: readonly AttributeDefinition[],
  tableKey: readonly KeySchemaElement[],
  indexKeys: readonly (readonly KeySchemaElement[])[],
): void {
  const names = new Set<string>();
  for (const name of definedNames(definitions)) {
    if (names.has(name)) throw validation(`Attribute Name is duplicated: ${name}`);
    names.add(name);
  }
  if (tableKey.length > definitions.length) {
    throw validation("Invalid KeySchema: Some index key attribute have no definition");
  }
  for (const key of [tableKey, ...indexKeys]) checkDefined(key, definitions);
  if (indexKeys.length === 0) {
    if (tableKey.length === definitions.length) return;
    throw invalidParameters(
      "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
    );
  }
  const used = new Set([tableKey, ...indexKeys].flatMap(namesOf));
  if (used.size < names.size) {
    throw invalidParameters(
      `Some AttributeDefinitions are not used. AttributeDefinitions: ${bracketed(names)}, keys used: ${bracketed(used)}`,
    );
  }
}

/** Every attribute of a key must be defined. Throws `ApiError`. */
export function checkDefined(
  key: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
): void {
  const defined = definedNames(definitions);
  if (key.every((element) => defined.includes(element.AttributeName))) return;
  throw invalidParameters(
    "Some index key attributes are not defined in AttributeDefinitions. " +
      `Keys: ${bracketed(namesOf(key))}, AttributeDefinitions: ${bracketed(defined)}`,
  );
}

/** The key of a table or local secondary index: a partition key attribute, perhaps a sort key attribute. Throws `ApiError`. */
export function checkSimpleKey(key: readonly KeySchemaElement[]): void {
  const [first, second] = key;
  checkLeadingHash(key);
  if (second !== undefined && second.KeyType !== "RANGE") {
    throw validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  }
  if (first?.AttributeName === second?.AttributeName) throw sameName();
}

/** The key of a global secondary index: one to four partition key attributes, then up to four sort key attributes. Throws `ApiError`. */
export function checkGlobalKey(key: readonly KeySchemaElement[]): void {
  checkLeadingHash(key);
  const types = key.map((element) => element.KeyType);
  const hashes = types.filter((type) => type === "HASH").length;
  for (const [type, count] of [
    ["HASH", hashes],
    ["RANGE", key.length - hashes],
  ] as const) {
    if (count > ROLE_ATTRIBUTES_MAX) {
      throw invalidParameters(`The KeySchema exceeds the maximum allowed number of ${type} key attributes`);
    }
  }
  if (types.indexOf("RANGE") >= 0 && types.lastIndexOf("HASH") > types.indexOf("RANGE")) {
    throw invalidParameters("All HASH key attributes must precede RANGE key attributes in the KeySchema");
  }
  if (new Set(namesOf(key)).size === key.length) return;
  throw key.length === 2 && hashes === 1
    ? sameName()
    : validation("The KeySchema contains multiple key attributes with the same name");
}

const sameName = () =>
  validation("Both the Hash Key and the Range Key element in the KeySchema have the same name");

function checkLeadingHash(key: readonly KeySchemaElement[]): void {
  if (key[0]?.KeyType === "HASH") return;
  throw validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
}

/** What an index keeps, checked; names sorted. Throws `ApiError`. */
export function planProjection(request: ProjectionRequest): Projection {
  const { ProjectionType, NonKeyAttributes } = request;
  if (ProjectionType === undefined) throw invalidParameters("Unknown ProjectionType: null");
  if (ProjectionType !== "INCLUDE") {
    if (NonKeyAttributes === undefined) return { ProjectionType };
    throw invalidParameters(`ProjectionType is ${ProjectionType}, but NonKeyAttributes is specified`);
  }
  if (NonKeyAttributes === undefined) {
    throw invalidParameters("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
  }
  const names = new Set<string>();
  for (const name of NonKeyAttributes) {
    if (names.has(name)) throw invalidParameters(`Duplicate element in NonKeyAttributes: ${name}`);
    names.add(name);
  }
  return { ProjectionType, NonKeyAttributes: [...names].sort() };
}
