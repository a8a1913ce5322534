/** The keys that requests may be signed with: a file in the format of AWS's shared credentials. */

/** What goes with an access key. */
export interface Secret {
  readonly secretKey: string;
  /** Requests of temporary credentials carry it. */
  readonly sessionToken: string | undefined;
}

/** Secrets by access key. */
export type Credentials = ReadonlyMap<string, Secret>;

/** The text is no credentials file; the message says where and why, and repeats no secret. */
export class CredentialsError extends Error {}

const KEY = "aws_access_key_id";
const SECRET = "aws_secret_access_key";
const TOKEN = "aws_session_token";

/**
 * Reads `[name]` sections of `aws_access_key_id = …`, `aws_secret_access_key = …` and perhaps `aws_session_token = …`; other settings are passed
 * over, as are empty lines and those that begin with # or ;. Every section is a key of its own. Throws CredentialsError.
 */
export function parseCredentials(text: string): Credentials {
  const credentials = new Map<string, Secret>();
  for (const { name, settings } of sectionsOf(text)) {
    const accessKey = settings.get(KEY);
    const secretKey = settings.get(SECRET);
    if (!accessKey || !secretKey) throw new CredentialsError(`section [${name}] needs ${KEY} and ${SECRET}`);
    if (credentials.has(accessKey))
      throw new CredentialsError(`section [${name}]: its access key is there twice`);
    credentials.set(accessKey, { secretKey, sessionToken: settings.get(TOKEN) || undefined });
  }
  if (credentials.size === 0) throw new CredentialsError("there is no section, and so no key");
  return credentials;
}

interface Section {
  readonly name: string;
  readonly settings: Map<string, string>;
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const content = line.trim();
    if (content === "" || /^[#;]/.test(content)) continue;
    const name = /^\[(.+)\]$/.exec(content)?.[1];
    if (name !== undefined) {
      sections.push({ name: name.trim(), settings: new Map() });
      continue;
    }
    const section = sections.at(-1);
    const equals = content.indexOf("=");
    if (section === undefined || equals < 1) {
      throw new CredentialsError(`line ${at + 1} is neither a [section] nor a setting of one`);
    }
    section.settings.set(content.slice(0, equals).trim().toLowerCase(), content.slice(equals + 1).trim());
  }
  return sections;
}
