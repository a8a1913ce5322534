import { StorageError } from "../../storage/index.ts";
import { internalServerError } from "../errors.ts";

/** Whether a read failed because its space has been dropped: the table or index was deleted after it was looked up. */
export const isSpaceGone = (error: unknown): boolean =>
  error instanceof StorageError && error.kind === "not-found";

/** What a request answers to an error of the store: it names file and offset, and is never "not found". */
export const refusalOf = (error: unknown): unknown =>
  error instanceof StorageError ? internalServerError(error.message) : error;
