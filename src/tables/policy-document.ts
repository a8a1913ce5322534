/** Resource-based policies: what is accepted as one, and the form in which it is kept and given back. */
import { utf8Length } from "../values/size.ts";
import { invalidParameters } from "./schema-keys.ts";

const BYTES_MAX = 20_480;
/** What a document that names no version is taken for. */
const OLD_VERSION = "2008-10-17";
const DOCUMENT_MEMBERS = ["Version", "Id", "Statement"];
const STATEMENT_MEMBERS = [
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"],
  ...["Resource", "NotResource", "Condition"],
];
const ACTION = /^(\*|dynamodb:[A-Za-z*?]+)$/i;
const ACCOUNT = /^\d{12}$/;
const PRINCIPAL = /^(\*|\d{12}|arn:[\w-]+:(iam|sts)::(\d{12}|cloudfront|aws):.+|[\w.-]+\.amazonaws\.com)$/;

type Members = Readonly<Record<string, unknown>>;

const invalidDocument = (detail: string) => invalidParameters(`Invalid policy document: ${detail}`);

/** The policy without white space, its members in a fixed order, lists of one as their element, accounts as ARNs. Throws `ApiError`. */
export function canonicalPolicy(text: string): string {
  if (utf8Length(text) > BYTES_MAX) {
    throw invalidParameters(`Maximum policy size of ${BYTES_MAX} bytes exceeded`);
  }
  const document = parsed(text);
  for (const name of Object.keys(document)) {
    if (!DOCUMENT_MEMBERS.includes(name)) throw invalidDocument("This text appears not to be a policy");
  }
  if (document["Statement"] === undefined) throw invalidDocument("Missing required field Statement");
  const statements = listOf(document["Statement"]);
  if (statements.length === 0) throw invalidDocument("Could not parse the policy: Statement is empty!");
  const canonical = statements.map(canonicalStatement);
  const sids = canonical.flatMap(({ Sid }) => (Sid === undefined ? [] : [Sid]));
  if (new Set(sids).size < sids.length) {
    throw invalidDocument("The Statement Ids in the policy are not unique");
  }
  const { Version = OLD_VERSION, Id } = document;
  return JSON.stringify({ Version, Id, Statement: canonical });
}

function parsed(text: string): Members {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw invalidDocument("This policy contains invalid Json");
  }
  if (!isMembers(document)) throw invalidDocument("This text appears not to be a policy");
  return document;
}

function canonicalStatement(statement: unknown): Members {
  if (!isMembers(statement)) throw invalidDocument("This text appears not to be a policy");
  for (const name of Object.keys(statement)) {
    if (!STATEMENT_MEMBERS.includes(name)) throw invalidDocument("This text appears not to be a policy");
  }
  for (const name of ["Effect", "Principal", "Action", "Resource"]) {
    if (statement[name] === undefined && statement[`Not${name}`] === undefined)
      throw invalidDocument(`Missing required field ${name}`);
  }
  checkActions([...listOf(statement["Action"]), ...listOf(statement["NotAction"])]);
  const { Effect, Condition } = statement;
  const Principal = canonicalPrincipal(statement["Principal"]);
  if (Effect === "Allow" && Condition === undefined && isEverybody(Principal)) {
    throw invalidParameters(
      "Resource-based policy grants unbounded access in one or more elements. " +
        "Please revise the policy to ensure least-privilege form of access",
    );
  }
  const values: Members = {
    ...statement,
    Principal,
    NotPrincipal: canonicalPrincipal(statement["NotPrincipal"]),
    ...Object.fromEntries(
      ["Action", "NotAction", "Resource", "NotResource"].map((name) => [name, single(statement[name])]),
    ),
  };
  return Object.fromEntries(STATEMENT_MEMBERS.map((name) => [name, values[name]]));
}

function checkActions(actions: readonly unknown[]): void {
  const wrong = actions.filter((action) => typeof action !== "string" || !ACTION.test(action));
  if (wrong.length === 0) return;
  const names = wrong.map((action) => (typeof action === "string" ? action : JSON.stringify(action)));
  throw invalidDocument(`The following action names are invalid: ${names.join(", ")}`);
}

/** `"*"`, or by kind (AWS, Service, …) one principal or several; an account's number becomes the ARN of its root. */
function canonicalPrincipal(principal: unknown): unknown {
  if (principal === undefined || principal === "*") return principal;
  if (!isMembers(principal)) throw invalidPrincipal();
  return Object.fromEntries(
    Object.entries(principal).map(([kind, named]) => [kind, single(listOf(named).map(principalName))]),
  );
}

function principalName(name: unknown): string {
  if (typeof name !== "string" || !PRINCIPAL.test(name)) throw invalidPrincipal();
  return ACCOUNT.test(name) ? `arn:aws:iam::${name}:root` : name;
}

const invalidPrincipal = () => invalidParameters("Invalid principal in policy document.");

function isEverybody(principal: unknown): boolean {
  if (principal === "*") return true;
  return isMembers(principal) && Object.values(principal).some((named) => listOf(named).includes("*"));
}

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** A list of one as its element. */
const single = (value: unknown): unknown => (Array.isArray(value) && value.length === 1 ? value[0] : value);
