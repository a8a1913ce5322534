/**
 * A checker for strict serialisability: is there an order of the operations in which each gives the answer that was observed, and
 * which keeps every operation behind those that had been answered when it was sent? (The search of Wing and Gong, with Lowe's
 * memory of what was tried; the whole state is one object.)
 */

/** One operation as its client saw it. Times are of one clock, which all clients share. */
export interface Observation<Request, Answer> {
  readonly request: Request;
  readonly sent: number;
  /** It happened no later than this: when it was answered; when its server died; Infinity where nobody knows. */
  readonly ended: number;
  /** Undefined when there was none: then it happened between the two times, or not at all. */
  readonly answer: Answer | undefined;
}

/**
 * What an operation does to a state, and what it answers. Pure; states and answers are plain JSON. The very object that was given comes
 * back as the state where the answer tells that nothing was changed (reads and refusals), which spares the checker much work.
 */
export type Step<State, Request, Answer> = (
  state: State,
  request: Request,
) => { readonly state: State; readonly answer: Answer };

/**
 * An order that explains a history, as indexes into it (operations that need not have happened are left out); undefined when there
 * is none. Takes time exponential in the number of concurrent operations, not in their total.
 */
export function serialise<State, Request, Answer>(
  history: readonly Observation<Request, Answer>[],
  initial: State,
  step: Step<State, Request, Answer>,
): readonly number[] | undefined {
  return new Search(history, step).from(initial);
}

/** An operation with its index in the history. */
interface Operation<Request, Answer> extends Observation<Request, Answer> {
  readonly index: number;
}

class Search<State, Request, Answer> {
  readonly #step: Step<State, Request, Answer>;
  /** Both in order of sending. */
  readonly #answered: readonly Operation<Request, Answer>[];
  readonly #unanswered: readonly Operation<Request, Answer>[];
  /** Indexes of the operations that have a place, in their order. */
  readonly #order: number[] = [];
  readonly #placed = new Set<number>();
  readonly #dead = new Set<string>();

  constructor(history: readonly Observation<Request, Answer>[], step: Step<State, Request, Answer>) {
    this.#step = step;
    const all = history.map((observation, index) => ({ ...observation, index }));
    all.sort((a, b) => a.sent - b.sent);
    this.#answered = all.filter(({ answer }) => answer !== undefined);
    this.#unanswered = all.filter(({ answer }) => answer === undefined);
  }

  /**
   * An order of everything that has no place yet. `first`: all answered operations before this one have a place; `now`: the latest time
   * at which one of those that have a place was sent.
   */
  from(state: State, first = 0, now = 0): readonly number[] | undefined {
    let open = first;
    while (this.#isPlaced(this.#answered[open])) open += 1;
    if (open === this.#answered.length) return [...this.#order];
    const key = this.#keyOf(state, open, now);
    if (this.#dead.has(key)) return undefined;
    const next = this.#candidates(open, now).flatMap((operation) => {
      const { state: after, answer } = this.#step(state, operation.request);
      const isAnswered = operation.answer !== undefined;
      return isAnswered && !same(operation.answer, answer) ? [] : [{ operation, after, isAnswered }];
    });
    // With an answer that tells of no change, it can be placed at once: no other answer depends on where it stands. Unless it
    // closes the door on an operation without an answer, which can have happened no later than it ended.
    const closing = Math.min(
      ...next.map(({ operation, isAnswered }) => (isAnswered ? Number.POSITIVE_INFINITY : operation.ended)),
    );
    const harmless = next.find(
      ({ operation, after, isAnswered }) => isAnswered && after === state && operation.sent <= closing,
    );
    const choices =
      harmless === undefined
        ? next.filter(({ after, isAnswered }) => isAnswered || after !== state)
        : [harmless];
    for (const { operation, after } of choices) {
      this.#placed.add(operation.index);
      this.#order.push(operation.index);
      const order = this.from(after, open, Math.max(now, operation.sent));
      if (order !== undefined) return order;
      this.#placed.delete(operation.index);
      this.#order.pop();
    }
    this.#dead.add(key);
    return undefined;
  }

  #isPlaced(operation: Operation<Request, Answer> | undefined): boolean {
    return operation !== undefined && this.#placed.has(operation.index);
  }

  /** Operations that may come next: those that were sent before any other without a place ended. Those without an answer last. */
  #candidates(open: number, now: number): readonly Operation<Request, Answer>[] {
    const candidates: Operation<Request, Answer>[] = [];
    let firstEnd = Number.POSITIVE_INFINITY;
    for (let at = open; at < this.#answered.length; at += 1) {
      const operation = this.#answered[at];
      if (operation === undefined || operation.sent > firstEnd) break;
      if (this.#isPlaced(operation)) continue;
      candidates.push(operation);
      firstEnd = Math.min(firstEnd, operation.ended);
    }
    candidates.sort((a, b) => a.ended - b.ended);
    for (const operation of this.#unanswered) {
      if (operation.sent > firstEnd) break;
      if (operation.ended >= now && !this.#isPlaced(operation)) candidates.push(operation);
    }
    return candidates;
  }

  /** Two searches with the same operations still to be placed and the same state go on alike. */
  #keyOf(state: State, open: number, now: number): string {
    const beyond: number[] = [];
    const horizon = this.#answered[open]?.ended ?? 0;
    for (let at = open + 1; at < this.#answered.length; at += 1) {
      const operation = this.#answered[at];
      if (operation === undefined || operation.sent > horizon) break;
      if (this.#isPlaced(operation)) beyond.push(at);
    }
    const possible = this.#unanswered.filter(
      (operation) => operation.ended >= now && !this.#isPlaced(operation),
    );
    return JSON.stringify([open, beyond, possible.map(({ index }) => index), state]);
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
