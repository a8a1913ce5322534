/**
 * What UPDATE does.
 *
 *   clauses := ( SET set ( "," set )* | REMOVE path ( "," path )* )+
 *   set     := path "=" ( arithmetic | ( SET_ADD | SET_DELETE ) "(" path "," ( set | "?" ) ")" )
 *
 * All clauses together are one update: right sides read the item as it was.
 */

import { isSet } from "../expressions/bind-update.ts";
import { UPDATE_FUNCTIONS } from "../expressions/operand-parser.ts";
import type { ActionNode, OperandNode, PathSyntax } from "../expressions/syntax.ts";
import { samePath } from "../values/document-path.ts";
import { ConditionParser } from "./condition-parser.ts";
import { asOperand, type Node } from "./operand-parser.ts";
import { malformed } from "./refusals.ts";
import type { SetOperand } from "./syntax.ts";

/** Functions that change a set, as actions of an update. */
const SET_FUNCTIONS: ReadonlyMap<string, "add" | "delete"> = new Map([
  ["SET_ADD", "add"],
  ["SET_DELETE", "delete"],
]);

export class AssignmentParser extends ConditionParser {
  readonly setOperands: SetOperand[] = [];
  /** Whether the cursor is in what is assigned, where other functions and operators stand than in a condition. */
  #assigning = false;

  actions(): readonly ActionNode[] {
    const actions: ActionNode[] = [];
    this.#assigning = true;
    for (;;) {
      if (this.takeWord("SET")) {
        do actions.push(this.#set());
        while (this.takeSymbol(","));
      } else if (this.takeWord("REMOVE")) {
        do actions.push({ kind: "remove", path: this.path() });
        while (this.takeSymbol(","));
      } else break;
    }
    this.#assigning = false;
    if (actions.length === 0) throw malformed("Expected SET or REMOVE");
    return actions;
  }

  override parenthesised(): Node {
    return this.#assigning ? this.arithmetic() : super.parenthesised();
  }

  override checkArithmetic(operator: string): void {
    if (!this.#assigning) super.checkArithmetic(operator);
    else if (operator !== "+" && operator !== "-") throw malformed(`Unexpected operator ${operator}`);
  }

  override call(): Node {
    if (!this.#assigning) return super.call();
    return this.callOf(UPDATE_FUNCTIONS) ?? this.constant({ NULL: true });
  }

  #set(): ActionNode {
    const path = this.path();
    this.expectSymbol("=", "EQ");
    const kind = this.atCall() ? SET_FUNCTIONS.get(this.word()) : undefined;
    return kind === undefined
      ? { kind: "set", path, value: asOperand(this.arithmetic()) }
      : this.#changeSet(kind, path);
  }

  #changeSet(kind: "add" | "delete", path: PathSyntax): ActionNode {
    const called = this.take();
    const name = called.text.toUpperCase();
    const first = this.token(1);
    const operands = this.operands();
    const [target, members] = operands;
    const at = this.position(called);
    if (operands.length !== 2 || target === undefined || members === undefined) {
      this.note(`${name} must have exactly two arguments at ${at}`);
      return { kind: "remove", path };
    }
    if (target.kind !== "path" || !samePath(target.path, path)) {
      this.note(`The first argument to ${name} must equal the assignment value at ${at}`);
    }
    const problem = `The second argument to ${name} must be a value with type SET at ${this.position(first)}`;
    if (!this.#mayBeSet(members)) this.note(problem);
    if (members.kind !== "value") return { kind: "remove", path };
    this.setOperands.push({ placeholder: members.placeholder, problem });
    return { kind, path, placeholder: members.placeholder };
  }

  /** Whether an operand is a set, or a parameter, which may be one. */
  #mayBeSet(operand: OperandNode): boolean {
    if (operand.kind !== "value") return false;
    const literal = this.literalOf(operand.placeholder);
    return literal === undefined || isSet(literal);
  }
}
