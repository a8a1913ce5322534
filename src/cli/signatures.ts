import { type ServeConfig, UsageError } from "../config.ts";
import { type Authenticate, anybody } from "../http/auth.ts";
import { type Credentials, parseCredentials } from "../http/credentials.ts";
import { verifying } from "../http/verify.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { readTextFile } from "../runtime/text-file.ts";

/** How the server finds out who is calling. */
export interface Signatures {
  readonly authenticate: Authenticate;
  /** How many keys there are; undefined: signatures are not verified. */
  readonly keys: number | undefined;
}

/** Verification with the keys in --credentials, which SIGHUP reads again; without that flag, none. Throws UsageError. */
export async function signaturesOf(
  { credentials: path, region }: ServeConfig,
  log: Log,
): Promise<Signatures> {
  if (path === undefined) return { authenticate: anybody, keys: undefined };
  let credentials = await read(path);
  process.on("SIGHUP", async () => {
    try {
      credentials = await read(path);
      log.info("credentials read again", { keys: credentials.size });
    } catch (error) {
      // A slip in the file must not lock everybody out.
      log.error("credentials kept as they were", { cause: reasonOf(error) });
    }
  });
  const authenticate = verifying({ credentials: () => credentials, clock: systemClock, region });
  return { authenticate, keys: credentials.size };
}

async function read(path: string): Promise<Credentials> {
  try {
    return parseCredentials(await readTextFile(path));
  } catch (error) {
    throw new UsageError(`--credentials ${path}: ${reasonOf(error)}`);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
