import type { TransferOptions } from "./background.ts";
import { Exports } from "./exports.ts";
import { Imports } from "./imports.ts";

/** Tables to files, and files to tables. */
export class Transfers {
  readonly exports: Exports;
  readonly imports: Imports;

  private constructor(exports: Exports, imports: Imports) {
    this.exports = exports;
    this.imports = imports;
  }

  /** Goes on with what was broken off. The catalog is open. */
  static async open(options: TransferOptions): Promise<Transfers> {
    return new Transfers(await Exports.open(options), await Imports.open(options));
  }

  /** Stops all work in the background. Call before the catalog is closed. */
  async close(): Promise<void> {
    await Promise.all([this.exports.close(), this.imports.close()]);
  }
}
