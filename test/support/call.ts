/** One raw request of the DynamoDB protocol: nothing an SDK would check, repair or retry on the way. */

/** A parsed JSON document, as loosely as a test needs it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The body as JSON; undefined when it is empty or not JSON. */
  readonly body: Json | undefined;
}

const SCOPE = "20300101/us-east-1/dynamodb/aws4_request";

/** Headers that pass for a signed request wherever signatures are not verified. */
export const SIGNED: Readonly<Record<string, string>> = {
  authorization: `AWS4-HMAC-SHA256 Credential=local/${SCOPE}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${"0".repeat(64)}`,
  "x-amz-date": "20300101T000000Z",
};

/** The header that names an operation; `DynamoDBStreams_20120810.X` and the like are taken as they are. */
export const targetOf = (operation: string) =>
  operation.includes(".") ? operation : `DynamoDB_20120810.${operation}`;

/**
 * Posts `body` (a string or bytes go out as they are, anything else as JSON) and reads the answer. `headers` are added to or replace
 * the usual ones; an empty value removes one.
 */
export async function call(
  endpoint: string,
  operation: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const all = new Headers({
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": targetOf(operation),
    "accept-encoding": "identity",
    ...SIGNED,
  });
  for (const [name, value] of Object.entries(headers)) {
    if (value === "") all.delete(name);
    else all.set(name, value);
  }
  const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return readAnswer(await fetch(endpoint, { method: "POST", headers: all, body: raw }));
}

/** Reads a fetch response whole. */
export async function readAnswer(response: Response): Promise<Answer> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return { status: response.status, headers: response.headers, bytes, text, body: parsed(text) };
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** What a refusal says: the exception's name without its prefix, and its message ("" when it has none). */
export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

/** The refusal in an answer; a success comes out as status and body, which no expected refusal equals. */
export function refusalOf(answer: Answer): Refusal {
  const body = answer.body;
  const members = typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body } : {};
  const { __type: type, message, Message } = members as Record<string, Json | undefined>;
  return {
    status: answer.status,
    type: typeof type === "string" ? type.slice(type.indexOf("#") + 1) : answer.text,
    message: typeof message === "string" ? message : typeof Message === "string" ? Message : "",
  };
}
