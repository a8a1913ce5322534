/** Requests as an SDK sends them, made once, so that the load generator only copies bytes. */

/** An item of about 1 KB of JSON: a key and ten attributes of the usual types. Another `salt`, other values. */
export function benchItem(key: number, salt: number): Record<string, unknown> {
  const word = (at: number) => `${((salt + 1) * 2654435761 + at * 40503) >>> 0}`.padStart(10, "0");
  return {
    pk: { S: `customer#${String(key).padStart(8, "0")}` },
    sk: { S: "profile" },
    name: { S: `name ${word(1)}` },
    email: { S: `${word(2)}@example.com` },
    age: { N: String(20 + (salt % 60)) },
    balance: { N: `${salt % 100_000}.25` },
    active: { BOOL: salt % 2 === 0 },
    tags: { SS: [`a${word(3)}`, `b${word(4)}`, `c${word(5)}`] },
    address: { M: { street: { S: `street ${word(6)}` }, city: { S: "Walnut Creek" }, zip: { S: word(7) } } },
    history: { L: Array.from({ length: 6 }, (_, at) => ({ S: `event ${word(8 + at)}` })) },
    notes: { S: Array.from({ length: 38 }, (_, at) => word(20 + at)).join(" ") },
  };
}

/** The bytes of one POST with the headers of an SDK. */
export function post(host: string, operation: string, body: string): Buffer {
  const head = [
    "POST / HTTP/1.1",
    `host: ${host}`,
    "content-type: application/x-amz-json-1.0",
    `x-amz-target: DynamoDB_20120810.${operation}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "accept: */*",
    "user-agent: aws-sdk-js/3.1164.0",
    "x-amz-user-agent: aws-sdk-js/3.1164.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#20.20.2 api/dynamodb#3.1164.0",
    "amz-sdk-invocation-id: 3f0d7a52-6f0c-4b61-9d0a-1f5f0e6f2c11",
    "amz-sdk-request: attempt=1; max=3",
    "x-amz-date: 20300101T000000Z",
    `authorization: AWS4-HMAC-SHA256 Credential=local/20300101/us-east-1/dynamodb/aws4_request, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target;x-amz-user-agent, Signature=${"0".repeat(64)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}
