import { dlopen, ptr } from "bun:ffi";

const CLOCK_THREAD_CPUTIME_ID = 3;
const libc =
  process.platform === "linux"
    ? dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } })
    : undefined;
const time = new BigInt64Array(2);
const address = ptr(time);

/**
 * CPU time of this thread in milliseconds: what neighbours on the machine take away does not show in it. Not `process.threadCpuUsage`: that
 * moves in steps of several milliseconds. NaN where the system has no such clock.
 */
export function threadMs(): number {
  if (libc?.symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, address) !== 0) return Number.NaN;
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
}
