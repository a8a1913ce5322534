/**
 * Problems found in an expression. The service reports one, chosen by category and not by place: every check goes on after a
 * problem, and the first one of the most important category is thrown at the end.
 */
import { type ApiError, requestValidation } from "../errors.ts";

export type ConditionKind = "ConditionExpression" | "FilterExpression" | "KeyConditionExpression";
export type ExpressionKind =
  | ConditionKind
  | "ProjectionExpression"
  | "UpdateExpression"
  /** A PartiQL statement, all of whose conditions and updates are one expression. Its refusals do not say where they come from. */
  | "Statement";

export type Category =
  | "parentheses"
  | "reservedWord"
  | "unknownFunction"
  | "misusedFunction"
  | "section"
  | "path"
  | "operators"
  | "overlap"
  | "conflict"
  | "actionType"
  | "operandCount"
  | "distinct"
  | "operandType";

const CONDITION_ORDER: readonly Category[] = [
  "parentheses",
  "unknownFunction",
  "misusedFunction",
  "reservedWord",
  "path",
  "operators",
  "operandCount",
  "distinct",
  "operandType",
];

const UPDATE_ORDER: readonly Category[] = [
  "parentheses",
  "reservedWord",
  "unknownFunction",
  "misusedFunction",
  "section",
  "path",
  "operators",
  "overlap",
  "conflict",
  "actionType",
  "operandCount",
  "operandType",
];

const PROJECTION_ORDER: readonly Category[] = ["reservedWord", "path", "overlap", "conflict"];

const STATEMENT_ORDER: readonly Category[] = [
  "misusedFunction",
  "operators",
  "operandCount",
  "distinct",
  "operandType",
  "actionType",
  "overlap",
  "conflict",
];

const ORDERS: Readonly<Record<ExpressionKind, readonly Category[]>> = {
  ConditionExpression: CONDITION_ORDER,
  FilterExpression: CONDITION_ORDER,
  KeyConditionExpression: CONDITION_ORDER,
  ProjectionExpression: PROJECTION_ORDER,
  UpdateExpression: UPDATE_ORDER,
  Statement: STATEMENT_ORDER,
};

/** The refusal of an expression, in the service's words. */
export function invalidExpression(kind: ExpressionKind, problem: string): ApiError {
  return requestValidation(kind === "Statement" ? problem : `Invalid ${kind}: ${problem}`);
}

export class Findings {
  readonly kind: ExpressionKind;
  readonly #order: readonly Category[];
  #rank = Number.POSITIVE_INFINITY;
  #problem = "";

  constructor(kind: ExpressionKind) {
    this.kind = kind;
    this.#order = ORDERS[kind];
  }

  /** Notes a problem. */
  report(category: Category, problem: string): void {
    const rank = this.#order.indexOf(category);
    if (rank >= this.#rank) return;
    this.#rank = rank;
    this.#problem = problem;
  }

  /** The refusal for the most important problem; undefined when there is none. */
  first(): ApiError | undefined {
    return this.#problem === "" ? undefined : invalidExpression(this.kind, this.#problem);
  }

  /** Throws the most important problem, if there is any. */
  throwFirst(): void {
    const problem = this.first();
    if (problem !== undefined) throw problem;
  }
}
