/** Answers made by copying stored items into them, undecoded: tens of times cheaper than parsing and printing. */

/** `head`, `json` and `tail` as one body; `head` and `tail` are ASCII, `json` is UTF-8. */
export function spliceItem(head: string, json: Uint8Array, tail: string): Uint8Array<ArrayBuffer> {
  const body = Buffer.allocUnsafeSlow(head.length + json.length + tail.length);
  body.write(head, 0, "latin1");
  body.set(json, head.length);
  body.write(tail, head.length + json.length, "latin1");
  return body;
}

const COMMA = 0x2c;

/** `head` (ASCII), the items with commas between them, and `tail` as one body: one allocation, one pass. */
export function spliceItems(
  head: string,
  items: readonly { readonly json: Uint8Array }[],
  tail: string,
): Uint8Array<ArrayBuffer> {
  const views = items.map((item) => item.json);
  let length = head.length + Buffer.byteLength(tail) + Math.max(0, views.length - 1);
  for (const view of views) length += view.length;
  const body = Buffer.allocUnsafeSlow(length);
  let at = body.write(head, 0, "latin1");
  for (const [index, view] of views.entries()) {
    if (index > 0) body[at++] = COMMA;
    body.set(view, at);
    at += view.length;
  }
  body.write(tail, at, "utf8");
  return body;
}
