import { expect, test } from "bun:test";
import { CredentialsError, parseCredentials } from "../../src/http/credentials.ts";

test("sections are keys", () => {
  const text = `
# both kinds of comments
; and empty lines
[default]
aws_access_key_id = AKID1
aws_secret_access_key=se=cret/+
region = eu-west-1

[ temporary ]\r
AWS_ACCESS_KEY_ID = AKID2\r
aws_secret_access_key = other\r
aws_session_token = token==\r
`;
  expect([...parseCredentials(text)]).toEqual([
    ["AKID1", { secretKey: "se=cret/+", sessionToken: undefined }],
    ["AKID2", { secretKey: "other", sessionToken: "token==" }],
  ]);
});

const pair = "aws_access_key_id = A\naws_secret_access_key = S\n";

test("an empty session token is none", () => {
  const [secret] = parseCredentials(`[a]\n${pair}aws_session_token =\n`).values();
  expect(secret).toEqual({ secretKey: "S", sessionToken: undefined });
});

test.each([
  ["", "there is no section, and so no key"],
  ["# nothing\n", "there is no section, and so no key"],
  [pair, "line 1 is neither a [section] nor a setting of one"],
  ["[a]\nsecret\n", "line 2 is neither a [section] nor a setting of one"],
  ["[a]\n= x\n", "line 2 is neither a [section] nor a setting of one"],
  ["[a]\naws_access_key_id = A\n", "section [a] needs aws_access_key_id and aws_secret_access_key"],
  [
    "[a]\naws_access_key_id =\naws_secret_access_key = S",
    "section [a] needs aws_access_key_id and aws_secret_access_key",
  ],
  [`[a]\n${pair}[b]\n${pair}`, "section [b]: its access key is there twice"],
])("%j is refused", (text, message) => {
  expect(() => parseCredentials(text)).toThrow(new CredentialsError(message));
});
