/**
 * With `--pin`, servers run on the first processor and load generators on the others: neither takes the other's time, and what is measured is the
 * server. Needs `taskset` (util-linux) and two processors.
 */
import { availableParallelism } from "node:os";

let isOn = false;

export function pin(): void {
  if (availableParallelism() < 2) throw new Error("--pin needs two processors");
  isOn = true;
}

function on(processors: string, argv: readonly string[]): readonly string[] {
  return isOn ? ["taskset", "--cpu-list", processors, ...argv] : argv;
}

/** The command that runs `argv` where servers run. */
export const asServer = (argv: readonly string[]): readonly string[] => on("0", argv);

/** The command that runs `argv` where load generators run. */
export const asGenerator = (argv: readonly string[]): readonly string[] =>
  on(`1-${availableParallelism() - 1}`, argv);
