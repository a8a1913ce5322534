/**
 * Statements.
 *
 *   statement := ( select | insert | update | delete | exists ) ";"?
 *   select    := SELECT ( "*" | path ( "," path )* ) FROM source ( WHERE or )? ( ORDER BY term ( "," term )* )?
 *   term      := path ( ASC | DESC )?
 *   insert    := INSERT INTO source VALUE "{" name ":" ( literal | "?" ) ( "," … )* "}"
 *   update    := UPDATE source clauses ( WHERE or )? returning?
 *   delete    := DELETE FROM source ( WHERE or )? returning?
 *   exists    := EXISTS "(" select ")"
 *   returning := RETURNING ( ALL | MODIFIED ) ( OLD | NEW ) "*"
 *   source    := name ( "." name )?
 */
import { ParseCache } from "../expressions/parse-cache.ts";
import type { ConditionNode, PathSyntax } from "../expressions/syntax.ts";
import { AssignmentParser } from "./assignment-parser.ts";
import { malformed } from "./refusals.ts";
import { isReserved } from "./reserved-words.ts";
import type {
  Entry,
  OrderTerm,
  ParsedStatement,
  Returning,
  SelectStatement,
  Source,
  Statement,
} from "./syntax.ts";

/** Parses a statement. Throws the service's ValidationException when it is malformed; what else is wrong is noted in the result. */
export function parseStatement(text: string): ParsedStatement {
  return cache.get(text, parse);
}

const cache = new ParseCache<ParsedStatement>();

function parse(text: string): ParsedStatement {
  const parser = new StatementParser(text);
  const statement = parser.statement();
  const { literals, parameters, problem } = parser;
  return { statement, literals, parameters, problem };
}

class StatementParser extends AssignmentParser {
  statement(): Statement {
    const statement = this.#statement();
    this.takeSymbol(";");
    if (!this.atEnd()) throw malformed("Unexpected token after expression");
    return statement;
  }

  #statement(): Statement {
    const word = this.word();
    const isStatement = ["SELECT", "INSERT", "UPDATE", "DELETE", "EXISTS"].includes(word);
    if (!isStatement) throw malformed("Expected data manipulation");
    if (word === "SELECT") return this.#select();
    this.take();
    if (word === "INSERT") return this.#insert();
    if (word === "UPDATE") return this.#update();
    if (word === "DELETE") return this.#delete();
    this.expectSymbol("(", "LEFT_PAREN");
    const select = this.#select();
    this.expectSymbol(")", "RIGHT_PAREN");
    return { kind: "exists", select };
  }

  #select(): SelectStatement {
    this.expectWord("SELECT");
    const paths = this.takeSymbol("*") ? undefined : this.#projection();
    this.expectWord("FROM");
    // The service reads a parenthesis here as one around a name.
    if (this.symbol() === "(") throw malformed("Expected RIGHT_PAREN");
    const source = this.#source();
    const where = this.#where();
    const orderBy = this.#orderBy();
    if (orderBy.length > 0 && where === undefined) {
      this.note("Must have WHERE clause in the statement when using ORDER BY clause.");
    }
    return { kind: "select", source, paths, where, orderBy };
  }

  #projection(): readonly PathSyntax[] {
    const paths: PathSyntax[] = [];
    do {
      if (this.atCall()) {
        this.note(`Unexpected path component at ${this.position(this.token())}`);
        this.skipCall();
      } else paths.push(this.path());
    } while (this.takeSymbol(","));
    return paths;
  }

  #orderBy(): readonly OrderTerm[] {
    const terms: OrderTerm[] = [];
    if (!this.takeWord("ORDER")) return terms;
    this.expectWord("BY");
    do {
      const path = this.path();
      const descending = this.takeWord("DESC");
      if (!descending) this.takeWord("ASC");
      terms.push({ path, descending });
    } while (this.takeSymbol(","));
    return terms;
  }

  #insert(): Statement {
    this.expectWord("INTO");
    const from = this.token();
    const source = this.#source();
    if (source.index !== undefined) {
      this.note(
        "FROM clause may only contain a single table name in data manipulation statements " +
          `at ${this.position(from)}`,
      );
    }
    if (!this.takeWord("VALUE")) throw malformed("Unexpected keyword");
    this.expectSymbol("{", "LEFT_CURLY");
    const entries: Entry[] = [];
    if (!this.takeSymbol("}")) {
      do entries.push({ name: this.entryName(), placeholder: this.value().placeholder });
      while (this.takeSymbol(","));
      this.expectSymbol("}", "RIGHT_CURLY");
    }
    return { kind: "insert", source, entries };
  }

  #update(): Statement {
    const source = this.#tableOnly();
    const actions = this.actions();
    const where = this.#where();
    const returning = this.#returning();
    return { kind: "update", source, actions, setOperands: this.setOperands, where, returning };
  }

  #delete(): Statement {
    this.expectWord("FROM");
    const source = this.#tableOnly();
    const where = this.#where();
    const returning = this.#returning();
    if (returning !== undefined && (returning.which !== "ALL" || returning.when !== "OLD")) {
      this.note(
        `Invalid returning clause: RETURNING ${returning.which} ${returning.when} *. ` +
          "Only RETURNING ALL OLD * is allowed in DELETE statements.",
      );
    }
    return { kind: "delete", source, where, returning };
  }

  #where(): ConditionNode | undefined {
    return this.takeWord("WHERE") ? this.condition() : undefined;
  }

  #returning(): Returning | undefined {
    if (!this.takeWord("RETURNING")) return undefined;
    const which = this.takeWord("ALL") ? "ALL" : "MODIFIED";
    if (which === "MODIFIED") this.expectWord("MODIFIED");
    const when = this.takeWord("OLD") ? "OLD" : "NEW";
    if (when === "NEW") this.expectWord("NEW");
    this.expectSymbol("*", "STAR");
    return { which, when };
  }

  #tableOnly(): Source {
    const source = this.#source();
    if (source.index !== undefined) this.note("This operation is not supported on an index");
    return source;
  }

  #source(): Source {
    const names = [this.#sourceName()];
    while (this.takeSymbol(".")) names.push(this.#sourceName());
    // A bare name with a "-" in it.
    if (this.symbol() === "-") throw malformed("Expected data manipulation");
    if (names.length > 2) this.note("A path may contain at most 2 components in the FROM clause");
    if (names.includes("")) this.note("Path component cannot be an empty string");
    const [table = "", index] = names;
    return { table, index };
  }

  #sourceName(): string {
    const { kind, text } = this.token();
    if (kind !== "quoted" && (kind !== "word" || isReserved(text))) throw malformed("Unexpected keyword");
    this.take();
    return text;
  }
}
