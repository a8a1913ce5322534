import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** The repository's root directory. */
export const root = dirname(dirname(import.meta.dirname));

export interface SourceFile {
  /** From the root, with "/". */
  readonly path: string;
  readonly text: string;
  /** What it imports, types included: paths from the root for its own files, bare names for packages. */
  readonly imports: readonly string[];
}

/** Files below the given directories whose names end in `.ts`, read and scanned. */
export function sourceFiles(...directories: readonly string[]): SourceFile[] {
  return directories.flatMap((directory) =>
    [...new Bun.Glob(`${directory}/**/*.ts`).scanSync({ cwd: root })]
      .sort()
      .map((path) => sourceFile(path, readFileSync(join(root, path), "utf8"))),
  );
}

/** A file of that path and text, scanned. */
export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, imports: importsOf(path, text) };
}

const statement = /^(?:import|export)\s[^;"]*?from\s+"([^"]+)"/gm;
const sideEffect = /^import\s+"([^"]+)"/gm;
const dynamic = /\bimport\("([^"]+)"\)/g;
/** Modules that are run by address: Workers and processes. */
const address = /\bnew URL\("([^"]+\.ts)", import\.meta\.url\)/g;

/** Scans text, because `Bun.Transpiler.scanImports` leaves out imports of types. */
function importsOf(path: string, text: string): string[] {
  return [statement, sideEffect, dynamic, address]
    .flatMap((pattern) => [...text.matchAll(pattern)])
    .map(([, target = ""]) => (target.startsWith(".") ? normalize(join(dirname(path), target)) : target));
}

export interface SourceFunction {
  readonly name: string;
  /** Line of its opening brace, counted from 1. */
  readonly line: number;
  readonly lines: number;
  readonly body: string;
}

const opensFunction =
  /\bfunction\b|=>\s*\{$|^\s*(?:(?:static|async|get|set|override) )*[*#]?[\w$]+(?:<.*>)?\(.*\{$|^\s*\).*\{$/;
const opensBlock = /^\s*(?:\} )?(?:if|else|for|while|switch|catch|do|try)\b/;

/** The functions of a file, by the shape that the formatter gives them: a line that opens, a closing brace at its indent. */
export function functionsOf({ text }: SourceFile): SourceFunction[] {
  const lines = text.split("\n");
  return lines.flatMap((opening, index) => {
    if (!opening.endsWith("{") || !opensFunction.test(opening) || opensBlock.test(opening)) return [];
    const closing = `${/^\s*/.exec(opening)?.[0] ?? ""}}`;
    const end = lines.findIndex((line, at) => at > index && line.startsWith(closing));
    const count = end - index + 1;
    return [
      { name: opening.trim(), line: index + 1, lines: count, body: lines.slice(index, end).join("\n") },
    ];
  });
}

/** Everything reachable by imports from the given files, themselves included. */
export function reachable(files: readonly SourceFile[], from: readonly string[]): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found = new Set<string>();
  const open = [...from];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = byPath.get(path);
    if (file === undefined || found.has(path)) continue;
    found.add(path);
    open.push(...file.imports);
  }
  return found;
}
