/**
 * How the service prints request values inside the messages of violated constraints: strings and numbers as they are, lists
 * as [a, b], maps as {k=v}, structures as Name(member=value).
 */
import type { JsonObject } from "./decode-attribute-value.ts";
import { type Shape, shapeOf } from "./shapes.ts";

/** Longest rendering in characters: a violation must not send a 16 MB request back to its sender. */
const renderedCharsMax = 16_384;

/** The member names of the model start in lower case in messages: TableName is tableName, SSEType is sSEType. */
export const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Renders a decoded value of a shape; long renderings are cut off. */
export function renderValue(shape: Shape, value: unknown): string {
  const parts: string[] = [];
  let length = 0;
  const write = (text: string): boolean => {
    parts.push(text);
    length += text.length;
    return length < renderedCharsMax;
  };
  render(shape, value, write);
  const text = parts.join("");
  return text.length > renderedCharsMax ? `${text.slice(0, renderedCharsMax)}...` : text;
}

/** Takes the next piece of text; false once there is enough. */
type Write = (text: string) => boolean;

/** Each function returns false when the writer wants no more. */
function render(shape: Shape, value: unknown, write: Write): boolean {
  if (value === null || value === undefined) return write("null");
  switch (shape.kind) {
    case "list":
      return renderList(value as readonly unknown[], write, (element) =>
        render(shape.element, element, write),
      );
    case "map":
      return renderMap(value as JsonObject, write, (entry) => render(shape.value, entry, write));
    case "structure":
      return renderStructure(
        shape.name,
        Object.keys(shape.members),
        value as JsonObject,
        write,
        (name, member) => {
          const memberShape = shape.members[name];
          return memberShape === undefined || render(shapeOf(memberShape), member, write);
        },
      );
    case "item":
      return renderMap(value as JsonObject, write, (entry) =>
        renderAttributeValue(entry as JsonObject, write),
      );
    case "attributeValue":
      return renderAttributeValue(value as JsonObject, write);
    default:
      return write(String(value));
  }
}

function renderList(
  elements: readonly unknown[],
  write: Write,
  renderElement: (element: unknown) => boolean,
): boolean {
  let separator = "[";
  for (const element of elements) {
    if (!write(separator) || !renderElement(element)) return false;
    separator = ", ";
  }
  return write(elements.length === 0 ? "[]" : "]");
}

function renderMap(entries: JsonObject, write: Write, renderEntry: (entry: unknown) => boolean): boolean {
  let separator = "{";
  for (const name in entries) {
    if (!write(`${separator}${name}=`) || !renderEntry(entries[name])) return false;
    separator = ", ";
  }
  return write(separator === "{" ? "{}" : "}");
}

function renderStructure(
  typeName: string,
  names: readonly string[],
  members: JsonObject,
  write: Write,
  renderMember: (name: string, member: unknown) => boolean,
): boolean {
  let separator = `${typeName}(`;
  for (const name of names) {
    const member = members[name];
    if (member === undefined) continue;
    if (!write(`${separator}${lowerFirst(name)}=`) || !renderMember(name, member)) return false;
    separator = ", ";
  }
  return write(separator === ", " ? ")" : `${typeName}()`);
}

function renderAttributeValue(value: JsonObject, write: Write): boolean {
  return renderStructure("AttributeValue", Object.keys(value), value, write, (name, member) => {
    if (name === "M") {
      return renderMap(member as JsonObject, write, (entry) =>
        renderAttributeValue(entry as JsonObject, write),
      );
    }
    if (name === "L") {
      return renderList(member as readonly unknown[], write, (element) =>
        renderAttributeValue(element as JsonObject, write),
      );
    }
    return Array.isArray(member)
      ? renderList(member, write, (element) => write(String(element)))
      : write(String(member));
  });
}
