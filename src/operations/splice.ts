/** Answers made by copying stored items into them, undecoded: tens of times cheaper than parsing and printing. */

/** `head` + `json` + `tail` as one body; `head` and `tail` are ASCII, `json` is UTF-8. */
export function spliceItem(head: string, json: Uint8Array, tail: string): Uint8Array<ArrayBuffer> {
  const body = Buffer.allocUnsafeSlow(head.length + json.length + tail.length);
  body.write(head, 0, "latin1");
  body.set(json, head.length);
  body.write(tail, head.length + json.length, "latin1");
  return body;
}
