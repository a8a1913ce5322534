/** Puts parameters into a parsed statement, and makes all checks that need no table. */
import { ApiError, validation } from "../errors.ts";
import type { Condition } from "../expressions/ast.ts";
import { bindConditionNode } from "../expressions/bind-condition.ts";
import { isSet } from "../expressions/bind-update.ts";
import { Findings } from "../expressions/findings.ts";
import type { Bindings } from "../expressions/placeholders.ts";
import type { Projection } from "../expressions/projection.ts";
import type { ConditionNode, PathSyntax } from "../expressions/syntax.ts";
import { type CompiledUpdate, updateFrom } from "../expressions/update.ts";
import { type AttributeValue, newItem, type RawAttributeValue } from "../values/attribute-value.ts";
import type { DocumentPath } from "../values/document-path.ts";
import {
  type NormalizedItem,
  nestingLevelsExceeded,
  normalizeItem,
  normalizeValue,
} from "../values/normalize.ts";
import { flatProjection } from "./flat-projection.ts";
import { NESTING } from "./refusals.ts";
import {
  literalPlaceholder,
  type OrderTerm,
  type ParsedStatement,
  parameterPlaceholder,
  type Returning,
  type SelectStatement,
  type Source,
  type Statement,
} from "./syntax.ts";

export interface Select {
  readonly kind: "select";
  readonly source: Source;
  /** Undefined for whole items. */
  readonly projection: Projection | undefined;
  readonly where: Condition | undefined;
  readonly orderBy: readonly OrderTerm[];
}

export interface Insert {
  readonly kind: "insert";
  readonly source: Source;
  readonly item: NormalizedItem;
}

export interface Update {
  readonly kind: "update";
  readonly source: Source;
  readonly update: CompiledUpdate;
  readonly where: Condition | undefined;
  readonly returning: Returning | undefined;
}

export interface Delete {
  readonly kind: "delete";
  readonly source: Source;
  readonly where: Condition | undefined;
  readonly returning: Returning | undefined;
}

/** A condition on an item that some other statements of a transaction depend on. */
export interface Exists {
  readonly kind: "exists";
  readonly select: Select;
}

export type BoundStatement = Select | Insert | Update | Delete | Exists;

/** The values of parameters, checked. Throws the service's ValidationException. */
export function bindParameters(raw: readonly RawAttributeValue[] | undefined): readonly AttributeValue[] {
  return (raw ?? []).map((each) => inStatementWords(() => normalizeValue(each)));
}

/** What `act` gives; a refusal for too many levels is in PartiQL's words, which are fewer. */
export function inStatementWords<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof ApiError ? asStatementRefusal(error) : error;
  }
}

/** A refusal in PartiQL's words. */
export function asStatementRefusal(error: ApiError): ApiError {
  return error.message === nestingLevelsExceeded().message ? validation(NESTING) : error;
}

/** A statement with its values. Throws the service's ValidationException. */
export function bindStatement(
  parsed: ParsedStatement,
  parameters: readonly AttributeValue[],
): BoundStatement {
  if (parsed.problem !== undefined) throw validation(parsed.problem);
  if (parameters.length !== parsed.parameters) {
    throw validation("Number of parameters in request and statement don't match.");
  }
  return new Binder(parsed, parameters).statement(parsed.statement);
}

class Binder implements Bindings {
  readonly #values: ReadonlyMap<string, AttributeValue>;
  readonly #findings = new Findings("Statement");

  constructor({ literals }: ParsedStatement, parameters: readonly AttributeValue[]) {
    const entries = [
      ...literals.map((value, at) => [literalPlaceholder(at), value] as const),
      ...parameters.map((value, at) => [parameterPlaceholder(at), value] as const),
    ];
    this.#values = new Map(entries);
  }

  path(path: PathSyntax): DocumentPath {
    return path;
  }

  value(placeholder: string): AttributeValue {
    const value = this.#values.get(placeholder);
    if (value === undefined) throw new Error(`${placeholder} was not counted`);
    return value;
  }

  statement(statement: Statement): BoundStatement {
    const bound = this.#bound(statement);
    this.#findings.throwFirst();
    return bound;
  }

  #bound(statement: Statement): BoundStatement {
    switch (statement.kind) {
      case "select":
        return this.#select(statement);
      case "exists":
        return { kind: "exists", select: this.#select(statement.select) };
      case "insert": {
        const item = newItem();
        for (const { name, placeholder } of statement.entries) item[name] = this.value(placeholder);
        return {
          kind: "insert",
          source: statement.source,
          item: inStatementWords(() => normalizeItem(item)),
        };
      }
      case "delete": {
        const { kind, source, returning } = statement;
        return { kind, source, where: this.#where(statement.where), returning };
      }
      case "update": {
        const { kind, source, returning } = statement;
        for (const { placeholder, problem } of statement.setOperands) {
          if (!isSet(this.value(placeholder))) throw validation(problem);
        }
        // Reports the condition's problems together with its own.
        const where = this.#where(statement.where);
        return {
          kind,
          source,
          update: updateFrom(statement.actions, this, this.#findings),
          where,
          returning,
        };
      }
    }
  }

  #select({ source, paths, where, orderBy }: SelectStatement): Select {
    const projection = paths === undefined ? undefined : flatProjection(paths);
    return { kind: "select", source, projection, where: this.#where(where), orderBy };
  }

  #where(node: ConditionNode | undefined): Condition | undefined {
    return node === undefined ? undefined : bindConditionNode(node, this, this.#findings);
  }
}
