import { expect, test } from "bun:test";
import { giveBackBody, lendBody } from "../../src/runtime/body-buffers.ts";

const KIB = 1 << 10;

test("bodies have the size asked for, and those that are out are apart", () => {
  const bodies = [0, 1, 16 * KIB - 1, 16 * KIB, 100_000, 100_000, 1 << 20, 4 << 20, (4 << 20) + 1].map(
    (bytes) => {
      const body = lendBody(bytes);
      expect(body.length).toBe(bytes);
      return body;
    },
  );
  for (const [at, body] of bodies.entries()) body.fill(at + 1);
  for (const [at, body] of bodies.entries()) expect(body.every((byte) => byte === at + 1)).toBe(true);
  for (const body of bodies) giveBackBody(body);
});

test("memory that was given back is lent again, once", () => {
  const first = lendBody(100 * KIB).fill(1);
  giveBackBody(first);
  giveBackBody(first);
  const again = [lendBody(100 * KIB), lendBody(100 * KIB)].map((body, at) => body.fill(at + 2));
  expect(first[0]).toBe(2);
  expect(again.map((body) => body[0])).toEqual([2, 3]);
});

test("what was not lent is left alone", () => {
  const own = Buffer.alloc(100 * KIB, 7);
  giveBackBody(own);
  lendBody(100 * KIB).fill(8);
  expect(own[0]).toBe(7);
});

// What giving back relies on.
test.each([10, 100, 1000, 5000])("a Response has a copy of its %d KiB", async (kib) => {
  const body = Buffer.alloc(kib * KIB, "a");
  const response = new Response(body.subarray(0, body.length - 1));
  body.fill("b");
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(bytes.length).toBe(body.length - 1);
  expect(bytes.every((byte) => byte === 0x61)).toBe(true);
});
