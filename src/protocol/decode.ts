/**
 * The first stratum of validation: JSON, already parsed, to the JSON types a shape asks for. A null member is an absent
 * one, unknown members are dropped, everything else that does not fit is a SerializationException in the service's words.
 *
 * A shape is compiled once into closures; decoding walks the parsed tree and hands its objects on unchanged wherever
 * it can. Values keep their nulls inside lists and maps: `constraints` names those by path.
 */
import { serialization } from "../errors.ts";
import {
  structureUnexpected,
  toBlob,
  toBoolean,
  toDouble,
  toInteger,
  toLong,
  toText,
  toTimestamp,
} from "./conversions.ts";
import {
  copyBefore,
  isObject,
  toAttributeValue,
  toAttributeValueElement,
  toItem,
} from "./decode-attribute-value.ts";
import { type ListShape, type MapShape, type Shape, type StructureShape, shapeOf } from "./shapes.ts";

/** Checks one JSON value (never null) and gives back what to use in its place: the same object wherever possible. */
type Decoder = (json: unknown) => unknown;

/** Where a value stands: the service words its refusals differently inside lists and maps. */
type Position = "member" | "element";

const javaPackage = "com.amazonaws.dynamodb.v20120810.";

/** The service's confession that a generic type met a scalar. */
const parameterizedType =
  "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class " +
  "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of " +
  "loader 'bootstrap')";

/** Compiles a shape. `position` is where its values stand. */
export function compileDecoder(shape: Shape, position: Position = "member"): Decoder {
  switch (shape.kind) {
    case "string":
      return toText;
    case "integer":
      return toInteger;
    case "long":
      return toLong;
    case "double":
      return toDouble;
    case "timestamp":
      return toTimestamp;
    case "boolean":
      return toBoolean;
    case "blob":
      return toBlob;
    case "attributeValue":
      return position === "member" ? toAttributeValue : toAttributeValueElement;
    case "item":
      return position === "member" ? toItem : itemElementDecoder();
    case "list":
      return listDecoder(shape, position);
    case "map":
      return mapDecoder(shape, position);
    case "structure":
      return structureDecoder(shape, position);
  }
}

/** The type of a shape as the service's messages spell it. */
function javaType(shape: Shape): string {
  switch (shape.kind) {
    case "string":
      return "java.lang.String";
    case "integer":
      return "java.lang.Integer";
    case "long":
      return "java.lang.Long";
    case "double":
      return "java.lang.Double";
    case "timestamp":
      return "java.util.Date";
    case "boolean":
      return "java.lang.Boolean";
    case "blob":
      return "java.nio.ByteBuffer";
    case "attributeValue":
      return `${javaPackage}AttributeValue`;
    case "item":
      return `java.util.Map<java.lang.String, ${javaPackage}AttributeValue>`;
    case "list":
      return `java.util.List<${javaType(shape.element)}>`;
    case "map":
      return `java.util.Map<java.lang.String, ${javaType(shape.value)}>`;
    case "structure":
      return javaPackage + shape.name;
  }
}

/** A scalar where a list or a map was expected. */
const scalarForCollection = (position: Position) =>
  serialization(position === "member" ? "Unexpected field type" : parameterizedType);

function itemElementDecoder(): Decoder {
  return (json) => {
    if (typeof json !== "object") throw scalarForCollection("element");
    return toItem(json);
  };
}

function listDecoder(shape: ListShape, position: Position): Decoder {
  const decodeElement = elementDecoder(shape.element);
  return (json) => {
    if (!Array.isArray(json)) {
      throw typeof json === "object" ? structureUnexpected() : scalarForCollection(position);
    }
    const elements: readonly unknown[] = json;
    let copy: unknown[] | undefined;
    for (let at = 0; at < elements.length; at++) {
      const element = elements[at];
      const decoded = decodeElement(element);
      if (copy === undefined) {
        if (decoded === element) continue;
        copy = elements.slice(0, at);
      }
      copy.push(decoded);
    }
    return copy ?? elements;
  };
}

function mapDecoder(shape: MapShape, position: Position): Decoder {
  const decodeValue = elementDecoder(shape.value);
  const type = javaType(shape);
  return (json) => {
    if (!isObject(json)) {
      throw Array.isArray(json)
        ? serialization(`Unrecognized collection type ${type}`)
        : scalarForCollection(position);
    }
    let copy: Record<string, unknown> | undefined;
    for (const name in json) {
      const value = json[name];
      const decoded = decodeValue(value);
      if (copy === undefined) {
        if (decoded === value) continue;
        copy = copyBefore(json, name);
      }
      copy[name] = decoded;
    }
    return copy ?? json;
  };
}

/** Elements of lists and maps: nulls stay, for `constraints` to name (attribute values have their own reading of null). */
function elementDecoder(shape: Shape): Decoder {
  const decode = compileDecoder(shape, "element");
  return shape.kind === "attributeValue" ? decode : (json) => (json === null ? null : decode(json));
}

function structureDecoder(shape: StructureShape, position: Position): Decoder {
  const members = new Map<string, Decoder>();
  for (const [name, member] of Object.entries(shape.members)) {
    members.set(name, compileDecoder(shapeOf(member)));
  }
  const type = javaType(shape);
  return (json) => {
    if (!isObject(json)) {
      if (Array.isArray(json)) throw serialization(`Unrecognized collection type class ${type}`);
      throw serialization(
        position === "member" ? "Unexpected field type" : "Unexpected value type in payload",
      );
    }
    let copy: Record<string, unknown> | undefined;
    for (const name in json) {
      const value = json[name];
      const decoded = value === null ? undefined : members.get(name)?.(value);
      if (copy === undefined) {
        if (decoded === value) continue;
        copy = copyBefore(json, name);
      }
      if (decoded !== undefined) copy[name] = decoded;
    }
    return copy ?? json;
  };
}
