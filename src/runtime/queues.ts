/** Tasks by name: those of one name run one after the other, those of different names side by side. */
export class Queues {
  /** Per name, the end of its queue. */
  readonly #ends = new Map<string, Promise<unknown>>();

  /** Runs `task` after all earlier ones of this name, whatever became of them. */
  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(name) ?? Promise.resolve();
    const run = before.then(task, task);
    const done = run
      .catch(() => undefined)
      .then(() => {
        if (this.#ends.get(name) === done) this.#ends.delete(name);
      });
    this.#ends.set(name, done);
    return run;
  }
}
