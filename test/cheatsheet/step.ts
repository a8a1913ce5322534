/** The vocabulary of the cheatsheet: a widely used DynamoDB command sheet, each command with the answer the service gives to it. */
import type { Json } from "../support/call.ts";

export type Expectation =
  /** JSON on standard output; each path (`Item.name.S`, `TableNames.0`) leads to the value; undefined: to nothing. */
  | { readonly output: Readonly<Record<string, Json | undefined>> }
  /** Exactly this text on standard output; "" for the commands that succeed without a word. */
  | { readonly text: string }
  /** So many lines on standard output, no two the same; and what the CLI itself complains of meanwhile. */
  | { readonly distinctLines: number; readonly complaint?: string }
  /** The CLI itself refuses the command in these words, and sends nothing. */
  | { readonly unsent: string }
  /** The service's refusal: exception and message, word for word. */
  | { readonly refused: string; readonly message: string }
  /** The same, where the message goes on with what is different each time. */
  | { readonly refused: string; readonly messageStart: string };

/** A request that makes true what the sheet takes for granted, such as an item that was written in another chapter. */
export interface Given {
  readonly operation: string;
  readonly request: Readonly<Record<string, Json>>;
}

export interface Step {
  /** The sheet's own comment above the command. */
  readonly title: string;
  /** The command as printed. */
  readonly command: string;
  readonly expect: Expectation;
  readonly given?: readonly Given[];
  /** Where the print is at fault: why the service refuses it, and the command that was meant, which must succeed. */
  readonly meant?: { readonly why: string; readonly command: string; readonly expect: Expectation };
  /** The command is left out for now, and why. */
  readonly pending?: string;
}

export interface Section {
  readonly title: string;
  /** Tables that the section takes for granted. */
  readonly given: readonly Given[];
  /** One after the other; the steps of a group do not depend on each other and run side by side. */
  readonly groups: readonly (readonly Step[])[];
}
