import { flagsHelp } from "../config.ts";
import { VERSION } from "../version.ts";

export const HELP = `walnut ${VERSION}: a DynamoDB-compatible database in one binary

Usage:
  walnut serve [options]        serve tables over HTTP
  walnut health [--url URL]     ask a running server (default: here, at WALNUT_PORT or 8000)
                                whether it serves reads and writes: exit status 0, or 1
  walnut verify [tool options]  read and check every file of a stopped store
  walnut repair [tool options]  say what repairing a damaged store would lose
      --accept-loss             do it: what is replaced is kept beside the data
      --dry-run                 do not, whatever else is given
  walnut stats [tool options]   what is in the directory of a stopped server
  walnut --version
  walnut --help

Options of serve (each also an environment variable: --data-dir is WALNUT_DATA_DIR):
${flagsHelp()}

Tool options (for a data directory that no server has open):
  --data-dir DIR                where the data lives (default ./walnut-data, or WALNUT_DATA_DIR)
  --format FORMAT               text or json (default text)

Exit status: 0 stopped in order, 2 wrong usage, 65 damaged data, 69 address in use, 74 the disk failed,
75 the data directory is in use by another process, 78 not a data directory of this version.
`;
