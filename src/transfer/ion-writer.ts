/** Items as Amazon Ion text, the way the service exports them: sets are annotated lists, numbers decimals, binaries blobs. */
import { type AttributeValue, type Item, typeOf } from "../values/attribute-value.ts";

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const KEYWORDS: ReadonlySet<string> = new Set(["null", "true", "false", "nan"]);

/** A struct, on one line. */
export function ionOfItem(item: Item): string {
  const fields: string[] = [];
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) fields.push(`${symbol(name)}:${ionOf(value)}`);
  }
  return `{${fields.join(",")}}`;
}

function ionOf(value: AttributeValue): string {
  if ("S" in value) return JSON.stringify(value.S);
  if ("N" in value) return decimal(value.N);
  if ("B" in value) return blob(value.B);
  if ("BOOL" in value) return String(value.BOOL);
  if ("M" in value) return ionOfItem(value.M);
  if ("L" in value) return `[${value.L.map(ionOf).join(",")}]`;
  if ("NULL" in value) return "null";
  return `$dynamodb_${typeOf(value)}::[${membersOf(value).join(",")}]`;
}

function membersOf(value: AttributeValue): readonly string[] {
  if ("SS" in value) return value.SS.map((member) => JSON.stringify(member));
  if ("NS" in value) return value.NS.map(decimal);
  return "BS" in value ? value.BS.map(blob) : [];
}

/** A canonical number: one without a point would be an integer. */
const decimal = (text: string): string => (text.includes(".") ? text : `${text}.`);

const blob = (base64: string): string => `{{${base64}}}`;

/** Strings are escaped as in JSON, and so are names, but for the quotes. */
function symbol(name: string): string {
  if (IDENTIFIER.test(name) && !KEYWORDS.has(name)) return name;
  return `'${JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
