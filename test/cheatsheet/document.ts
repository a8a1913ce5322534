import { sections } from "./sections.ts";
import type { Expectation } from "./step.ts";

const fence = (text: string) => `\`\`\`sh\n${text}\n\`\`\``;

function answer(expectation: Expectation): string {
  if ("refused" in expectation) {
    const message = "message" in expectation ? expectation.message : `${expectation.messageStart}…`;
    return `The service answers \`${expectation.refused}\`: ${message}`;
  }
  if ("unsent" in expectation) return `The CLI sends nothing and says: ${expectation.unsent}`;
  if ("distinctLines" in expectation && expectation.complaint !== undefined) {
    return `It prints ${expectation.distinctLines} lines; then the CLI says: ${expectation.complaint}`;
  }
  return "The service answers success";
}

/** docs/cheatsheet.md: where the print and what it means differ. */
export function cheatsheetDocument(): string {
  const steps = sections.flatMap((section) => section.groups.flat().map((step) => ({ section, step })));
  const faults = steps.flatMap(({ section, step }) => {
    if (step.meant === undefined) return [];
    return `## ${section.title}: ${step.title}

As printed:

${fence(step.command)}

${answer(step.expect)}

${step.meant.why} As meant:

${fence(step.meant.command)}
`;
  });
  const pending = steps.flatMap(({ section, step }) =>
    step.pending === undefined ? [] : `- ${section.title}, "${step.title}": ${step.pending}`,
  );
  return `# The cheatsheet, print and meaning

A widely used DynamoDB cheatsheet is kept as a test (\`test/cheatsheet/\`, run with the real AWS CLI by
\`npm run cheatsheet\`): every command as printed, with the answer the service gives to it. Some of the printed commands are refused
by the service, and so by Walnut, word for word. This page, made from the test's data, lists them with what was meant.

Sections so far: ${sections.map(({ title }) => title).join(", ")}.

${faults.join("\n")}
## Not run yet

${pending.join("\n")}
`;
}
