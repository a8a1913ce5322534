import { type ApiError, validation } from "../errors.ts";

/** The refusal of a text that is no statement. */
export const malformed = (problem: string): ApiError =>
  validation(`Statement wasn't well formed, can't be processed: ${problem}`);

export const NESTING = "Nesting Levels have exceeded supported limits";
