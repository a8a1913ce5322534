import { expect, test } from "bun:test";
import { fromPlainError, toPlainError } from "../../../storage/compaction/worker-messages.ts";
import { corruption, StorageError } from "../../../storage/errors.ts";

test("an error of the store is the same on the other thread", () => {
  const error = corruption("sst/0000000001.sst", 12, "bad");
  const again = fromPlainError(structuredClone(toPlainError(error)));
  expect(again).toBeInstanceOf(StorageError);
  expect(again).toMatchObject({
    kind: "corruption",
    file: "sst/0000000001.sst",
    offset: 12,
    message: error.message,
  });
  expect(again.cause).toBe(error.stack);
});

test("one without a place has none there either", () => {
  const again = fromPlainError(toPlainError(new StorageError("closed", "over")));
  expect(again).toMatchObject({ kind: "closed", file: undefined, offset: undefined });
});

test("any other error keeps its message, and its stack as the cause; what is thrown and no error becomes one", () => {
  const error = new TypeError("no function");
  const again = fromPlainError(toPlainError(error));
  expect(again).not.toBeInstanceOf(StorageError);
  expect(again).toMatchObject({ message: "no function", cause: error.stack });
  expect(fromPlainError(toPlainError("thrown")).message).toBe("thrown");
});
