import manifest from "../package.json" with { type: "json" };

declare const WALNUT_COMMIT: string | undefined;

/** The released version, e.g. "0.1.0". */
export const VERSION: string = manifest.version;

/** The commit a binary was built from; "source" when the program runs from its sources. */
export const COMMIT: string = typeof WALNUT_COMMIT === "undefined" ? "source" : WALNUT_COMMIT;
