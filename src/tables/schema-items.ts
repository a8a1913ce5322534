/** Keys of items against the keys of a table and its secondary indexes. */
import { type ApiError, emptyKeyValue, validation } from "../errors.ts";
import { type AttributeValue, attribute, type Item, typeOf } from "../values/attribute-value.ts";
import { base64Length } from "../values/base64.ts";
import { equalValues } from "../values/compare.ts";
import type { KeyAttribute, KeySchema } from "../values/key-schema.ts";
import { utf8Length } from "../values/size.ts";

const PARTITION_KEY_BYTES_MAX = 2048;
const SORT_KEY_BYTES_MAX = 1024;

const INVALID = "One or more parameter values were invalid: ";
const NOT_VALID = "One or more parameter values are not valid. ";

const keyMismatch = () => validation("The provided key element does not match the schema");

/** The part of an index schema that matters to items. */
interface Index {
  readonly indexName: string;
  readonly keySchema: KeySchema;
}

/** Of an index, the attributes that the checks of the table's key do not cover already. */
interface IndexKey {
  readonly indexName: string;
  readonly attributes: readonly KeyAttribute[];
  readonly keySchema: KeySchema;
}

/** The two ways in which a value cannot be an index key, in the words of where it was found. */
interface Refusals {
  readonly mismatch: (indexName: string, key: KeyAttribute, value: AttributeValue) => ApiError;
  readonly empty: (kind: "string" | "binary", indexName: string, name: string) => ApiError;
}

const typeMismatch: Refusals["mismatch"] = (indexName, { name, type }, value) =>
  validation(
    `${INVALID}Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} IndexName: ${indexName}`,
  );

const emptyInUpdate: Refusals["empty"] = (kind) =>
  emptyKeyValue(
    `${NOT_VALID}The update expression attempted to update a secondary index key to a value that is not supported. ` +
      `The AttributeValue for a key attribute cannot contain an empty ${kind} value.`,
  );

const inPut: Refusals = {
  mismatch: typeMismatch,
  empty: (kind, indexName, name) =>
    emptyKeyValue(
      `${NOT_VALID}A value specified for a secondary index key is not supported. ` +
        `The AttributeValue for a key attribute cannot contain an empty ${kind} value. ` +
        `IndexName: ${indexName}, IndexKey: ${name}`,
    ),
};

/** A constant in an update can be judged before the item is known. */
const inConstant: Refusals = { mismatch: typeMismatch, empty: emptyInUpdate };

const inUpdatedItem: Refusals = {
  mismatch: () =>
    validation("The update expression attempted to update the secondary index key to unsupported type"),
  empty: emptyInUpdate,
};

/** The checks of one table, prepared. */
export class ItemKeyChecks {
  readonly #schema: KeySchema;
  readonly #attributes: readonly KeyAttribute[];
  readonly #keyNames: ReadonlySet<string>;
  readonly #indexNames: ReadonlySet<string>;
  /** In the order of index names: the first violated index is the one reported. */
  readonly #indexes: readonly IndexKey[];

  constructor(schema: KeySchema, indexes: readonly Index[]) {
    this.#schema = schema;
    this.#attributes = attributesOf(schema);
    this.#keyNames = new Set(this.#attributes.map(({ name }) => name));
    const allAttributes = indexes.flatMap((index) => attributesOf(index.keySchema));
    this.#indexNames = new Set(allAttributes.map(({ name }) => name));
    this.#indexes = indexes
      .map(({ indexName, keySchema }) => ({
        indexName,
        keySchema,
        attributes: attributesOf(keySchema).filter(({ name }) => !this.#keyNames.has(name)),
      }))
      .filter((index) => index.attributes.length > 0 || this.#sortsByPartitionKey(index.keySchema));
  }

  /** A table's partition key may be longer than what an index takes as a sort key. */
  #sortsByPartitionKey(index: KeySchema): boolean {
    return index.sort.some(({ name }) => this.#schema.partition.some((key) => key.name === name));
  }

  key(key: Item): void {
    let count = 0;
    for (const _ in key) count++;
    if (count !== this.#attributes.length) throw keyMismatch();
    this.batchKey(key);
  }

  /** The table's key inside an item, in the words that are used where only keys are expected. */
  batchKey(item: Item): void {
    for (const { name, type } of this.#attributes) {
      const value = attribute(item, name);
      if (value === undefined || !(type in value)) throw keyMismatch();
    }
    this.#values(item);
  }

  tableKey(item: Item): void {
    for (const { name, type } of this.#attributes) {
      const value = attribute(item, name);
      if (value === undefined) throw validation(`${INVALID}Missing the key ${name} in the item`);
      if (!(type in value)) {
        throw validation(
          `${INVALID}Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`,
        );
      }
    }
    this.#values(item);
  }

  /** Emptiness and sizes of a key whose types are right. */
  #values(item: Item): void {
    for (const { name } of this.#attributes) {
      const value = attribute(item, name);
      const empty = value === undefined ? undefined : emptyKind(value);
      if (empty !== undefined) {
        throw emptyKeyValue(
          `${NOT_VALID}The AttributeValue for a key attribute cannot contain an empty ${empty} value. Key: ${name}`,
        );
      }
    }
    checkSizes(this.#schema, item);
  }

  indexKeys(item: Item): void {
    for (const index of this.#indexes) {
      for (const key of index.attributes) {
        const value = attribute(item, key.name);
        if (value !== undefined) checkIndexValue(index.indexName, key, value, inPut);
      }
      checkSizes(index.keySchema, item);
    }
  }

  /** Top-level attributes that an update sets to constants. */
  indexConstants(constants: ReadonlyMap<string, AttributeValue>): void {
    for (const { indexName, attributes } of this.#indexes) {
      for (const key of attributes) {
        const value = constants.get(key.name);
        if (value !== undefined) checkIndexValue(indexName, key, value, inConstant);
      }
    }
  }

  changedIndexKeys(previous: Item | undefined, next: Item): void {
    for (const index of this.#indexes) {
      let changed = false;
      for (const key of index.attributes) {
        const value = attribute(next, key.name);
        if (value === undefined) continue;
        const old = previous === undefined ? undefined : attribute(previous, key.name);
        if (old !== undefined && equalValues(old, value)) continue;
        changed = true;
        checkIndexValue(index.indexName, key, value, inUpdatedItem);
      }
      if (changed) checkSizes(index.keySchema, next);
    }
  }

  updateTargets(targets: readonly (readonly (string | number)[])[]): void {
    for (const target of targets) {
      const [name] = target;
      if (target.length === 1 && typeof name === "string" && this.#keyNames.has(name)) {
        throw validation(`${INVALID}Cannot update attribute ${name}. This attribute is part of the key`);
      }
    }
    this.nestedPaths(targets);
  }

  nestedPaths(paths: readonly (readonly (string | number)[])[]): void {
    for (const path of paths) {
      const [name] = path;
      if (path.length < 2 || typeof name !== "string") continue;
      const label = this.#keyNames.has(name) ? "Key" : this.#indexNames.has(name) ? "IndexKey" : undefined;
      if (label === undefined) continue;
      throw validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: " +
          `${label}: ${name}`,
      );
    }
  }
}

const attributesOf = (schema: KeySchema): readonly KeyAttribute[] => [...schema.partition, ...schema.sort];

/** Whether an item has all attributes of a key, of the right types, none of them empty, within the limits of keys. */
export function hasKey(item: Item, schema: KeySchema): boolean {
  for (const key of schema.partition) if (!hasKeyAttribute(item, key)) return false;
  for (const key of schema.sort) if (!hasKeyAttribute(item, key)) return false;
  return (
    bytesOf(schema.partition, item) <= PARTITION_KEY_BYTES_MAX &&
    bytesOf(schema.sort, item) <= SORT_KEY_BYTES_MAX
  );
}

function hasKeyAttribute(item: Item, { name, type }: KeyAttribute): boolean {
  const value = attribute(item, name);
  return value !== undefined && type in value && emptyKind(value) === undefined;
}

function checkIndexValue(
  indexName: string,
  key: KeyAttribute,
  value: AttributeValue,
  refusals: Refusals,
): void {
  if (!(key.type in value)) throw refusals.mismatch(indexName, key, value);
  const empty = emptyKind(value);
  if (empty !== undefined) throw refusals.empty(empty, indexName, key.name);
}

function emptyKind(value: AttributeValue): "string" | "binary" | undefined {
  if ("S" in value) return value.S === "" ? "string" : undefined;
  if ("B" in value) return value.B === "" ? "binary" : undefined;
  return undefined;
}

/** Several attributes of one role share its limit. Attributes that are absent or not of a key type count nothing. */
function checkSizes(schema: KeySchema, item: Item): void {
  if (bytesOf(schema.partition, item) > PARTITION_KEY_BYTES_MAX) {
    throw validation(
      `${INVALID}Size of hashkey has exceeded the maximum size limit of${PARTITION_KEY_BYTES_MAX} bytes`,
    );
  }
  if (bytesOf(schema.sort, item) > SORT_KEY_BYTES_MAX) {
    throw validation(
      `${INVALID}Aggregated size of all range keys has exceeded the size limit of ${SORT_KEY_BYTES_MAX} bytes`,
    );
  }
}

function bytesOf(attributes: readonly KeyAttribute[], item: Item): number {
  let bytes = 0;
  for (const { name } of attributes) {
    const value = attribute(item, name);
    if (value === undefined) continue;
    if ("S" in value) bytes += utf8Length(value.S);
    else if ("B" in value) bytes += base64Length(value.B);
  }
  return bytes;
}
