import { validation } from "../errors.ts";
import type { KeySchema } from "../values/key-schema.ts";
import { comparePartitions, type KeyedRead, type KeyedReads } from "./keyed-reads.ts";
import type { OrderTerm } from "./syntax.ts";

export interface OrderedReads {
  /** In the order in which their rows are answered. */
  readonly reads: readonly KeyedRead[];
  /** Whether the rows of each range come in descending order. */
  readonly reverse: boolean;
}

/**
 * The order in which ORDER BY (perhaps empty) wants keyed reads; `keyed` is undefined for a read of all rows, which has none. As the
 * service has it, ordering by the partition key alone turns the order of the sort keys around, whichever way it is.
 */
export function orderedReads(
  orderBy: readonly OrderTerm[],
  schema: KeySchema,
  keyed: KeyedReads | undefined,
): OrderedReads {
  const partitionNames = schema.partition.map(({ name }) => name);
  const sortNames = schema.sort.map(({ name }) => name);
  const names = orderBy.map(({ path }) => path.join("."));
  const stray = names.find((name) => !partitionNames.includes(name) && !sortNames.includes(name));
  if (stray !== undefined) {
    throw validation(`Attribute ${stray} in ORDER BY clause must be part of the primary key`);
  }
  const reads = keyed?.reads ?? [];
  if (orderBy.length === 0) return { reads, reverse: false };
  if (keyed === undefined) {
    throw validation(
      "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
    );
  }
  const [first] = reads;
  const isOnePartition = first === undefined || reads.every((read) => comparePartitions(first, read) === 0);
  if (!isOnePartition && !partitionNames.includes(names[0] ?? "")) {
    throw validation(
      "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause.",
    );
  }
  const partitionTerm = orderBy.find((_, at) => partitionNames.includes(names[at] ?? ""));
  const sortTerm = orderBy.find((_, at) => sortNames.includes(names[at] ?? ""));
  const reverse = sortTerm === undefined || sortTerm.descending;
  return { reads: arranged(reads, partitionTerm?.descending === true, reverse), reverse };
}

/** Reads that are in ascending order, with partitions, and ranges inside partitions, the other way round. */
function arranged(reads: readonly KeyedRead[], partitions: boolean, ranges: boolean): readonly KeyedRead[] {
  const groups: KeyedRead[][] = [];
  for (const read of reads) {
    const group = groups.at(-1);
    const [first] = group ?? [];
    if (group !== undefined && first !== undefined && comparePartitions(first, read) === 0) group.push(read);
    else groups.push([read]);
  }
  if (ranges) for (const group of groups) group.reverse();
  if (partitions) groups.reverse();
  return groups.flat();
}
