/** How the protocol's tests look at refusals. */
import { ApiError } from "../../src/errors.ts";

export interface Refusal {
  readonly name: string;
  readonly message: string;
}

/** The refusal that `task` throws; undefined when it throws none. Everything but an ApiError is passed on. */
export function refusalOf(task: () => unknown): Refusal | undefined {
  try {
    task();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return { name: error.name, message: error.message };
    throw error;
  }
}

export const serializationOf = (message: string): Refusal => ({ name: "SerializationException", message });
export const validationOf = (message: string): Refusal => ({ name: "ValidationException", message });
