/** Projection expressions: `path ( "," path )*`. */
import { ParseCache } from "./parse-cache.ts";
import { PathParser } from "./path-parser.ts";
import type { Parsed, PathSyntax } from "./syntax.ts";

const KEYWORDS: ReadonlySet<string> = new Set();

/** Parses the text of a projection. Throws the service's ValidationException. */
export function parseProjection(text: string): Parsed<readonly PathSyntax[]> {
  return cache.get(text, parse);
}

const cache = new ParseCache<Parsed<readonly PathSyntax[]>>();

function parse(text: string): Parsed<readonly PathSyntax[]> {
  const parser = new PathParser("ProjectionExpression", text, KEYWORDS);
  const tree: PathSyntax[] = [];
  do tree.push(parser.path());
  while (parser.takeSymbol(","));
  parser.finish();
  return { tree, names: parser.names, values: [] };
}
