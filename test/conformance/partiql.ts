/** What the PartiQL conformance tests share: statements sent to a target, and the commonest refusals. */
import type { Json, Refusal } from "../support/call.ts";
import { type JsonObject, type Target, validation } from "./target.ts";

/** Statements with parameters on a target. */
export class Statements {
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  /** The answer to a statement that must be performed. */
  readonly execute = (Statement: string, Parameters?: readonly Json[], more: JsonObject = {}) =>
    this.#target.ok("ExecuteStatement", { Statement, Parameters, ...more });

  /** The items of an answer. */
  readonly items = async (Statement: string, Parameters?: readonly Json[], more: JsonObject = {}) =>
    (await this.execute(Statement, Parameters, more))["Items"];

  readonly refusal = (
    Statement: string,
    Parameters?: readonly Json[],
    more: JsonObject = {},
  ): Promise<Refusal> => this.#target.refusal("ExecuteStatement", { Statement, Parameters, ...more });
}

/** What begins the refusal of a text that is no statement. */
export const MALFORMED = "Statement wasn't well formed, can't be processed: ";

export const malformed = (problem: string): Refusal => validation(MALFORMED + problem);

export const s = (value: string) => ({ S: value });
export const n = (value: number | string) => ({ N: String(value) });

/** A member of a batch or transaction: a statement, perhaps with parameters. */
export type Member = string | JsonObject;

export const members = (statements: readonly Member[]): readonly JsonObject[] =>
  statements.map((each) => (typeof each === "string" ? { Statement: each } : each));

/** Items of a table with the partition key `pk`. */
export class Items {
  readonly #target: Target;
  readonly #table: () => string;
  #serial = 0;

  constructor(target: Target, table: () => string) {
    this.#target = target;
    this.#table = table;
  }

  /** A partition key that no other test uses. */
  readonly fresh = (): string => {
    this.#serial += 1;
    return `k${this.#serial}`;
  };

  /** The partition key of an item that is put. */
  readonly given = async (more: JsonObject = {}): Promise<string> => {
    const pk = this.fresh();
    await this.#target.ok("PutItem", { TableName: this.#table(), Item: { pk: s(pk), ...more } });
    return pk;
  };
}
