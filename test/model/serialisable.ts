/**
 * A checker for strict serialisability: is there an order of the operations in which each gives the answer that was observed, and
 * which keeps every operation behind those that had been answered when it was sent? (The search of Wing and Gong, with Lowe's
 * memory of what was tried; the whole state is one object.)
 */

/** One operation as its client saw it. Times are of one clock, which all clients share. */
export interface Observation<Request, Answer> {
  readonly request: Request;
  readonly sent: number;
  /** Infinity when it was never answered: then it may have happened at any time after it was sent, or not at all. */
  readonly answered: number;
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

class Search<State, Request, Answer> {
  readonly #history: readonly Observation<Request, Answer>[];
  readonly #step: Step<State, Request, Answer>;
  /** Indexes by time of sending. */
  readonly #bySending: readonly number[];
  readonly #placed = new Set<number>();
  readonly #order: number[] = [];
  readonly #dead = new Set<string>();
  /** Operations with an answer that have no place yet. */
  #open: number;

  constructor(history: readonly Observation<Request, Answer>[], step: Step<State, Request, Answer>) {
    this.#history = history;
    this.#step = step;
    this.#bySending = [...history.keys()].sort((a, b) => this.#at(a).sent - this.#at(b).sent);
    this.#open = history.filter(({ answer }) => answer !== undefined).length;
  }

  from(state: State): readonly number[] | undefined {
    if (this.#open === 0) return [...this.#order];
    const key = `${[...this.#placed].sort((a, b) => a - b).join()}|${JSON.stringify(state)}`;
    if (this.#dead.has(key)) return undefined;
    const next = this.#candidates().flatMap((index) => {
      const { request, answer: observed } = this.#at(index);
      const { state: after, answer } = this.#step(state, request);
      if (observed !== undefined && !same(observed, answer)) return [];
      return [{ index, after, isAnswered: observed !== undefined }];
    });
    // With an answer that tells of no change, it can be placed at once: no other answer depends on where it stands.
    const harmless = next.find(({ after, isAnswered }) => isAnswered && after === state);
    const choices = harmless === undefined ? next.filter(({ after }) => after !== state) : [harmless];
    for (const { index, after, isAnswered } of choices) {
      this.#place(index, isAnswered);
      const order = this.from(after);
      if (order !== undefined) return order;
      this.#unplace(index, isAnswered);
    }
    this.#dead.add(key);
    return undefined;
  }

  /** Operations that may come next: those that were sent before any other without a place was answered. */
  #candidates(): readonly number[] {
    const candidates: number[] = [];
    let firstAnswer = Number.POSITIVE_INFINITY;
    for (const index of this.#bySending) {
      if (this.#placed.has(index)) continue;
      const { sent, answered } = this.#at(index);
      if (sent > firstAnswer) break;
      candidates.push(index);
      firstAnswer = Math.min(firstAnswer, answered);
    }
    return candidates.sort((a, b) => this.#at(a).answered - this.#at(b).answered);
  }

  #place(index: number, isAnswered: boolean): void {
    this.#placed.add(index);
    this.#order.push(index);
    if (isAnswered) this.#open -= 1;
  }

  #unplace(index: number, isAnswered: boolean): void {
    this.#placed.delete(index);
    this.#order.pop();
    if (isAnswered) this.#open += 1;
  }

  #at(index: number): Observation<Request, Answer> {
    const observation = this.#history[index];
    if (observation === undefined) throw new Error(`there is no operation ${index}`);
    return observation;
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
