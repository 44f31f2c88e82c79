// Takes the values of a stack's environment out of text. Which of them are secrets nothing says, so plain words stay.
import type { Files } from "../../../ports/files.ts";
import { inFolder, type StackFiles } from "../../docker/stack-files.ts";
import { environmentOf, type ServiceModel } from "../../docker/stack-model.ts";
import { readEnvText } from "../process/env.ts";
import { redactor } from "../process/redact.ts";

/** Where the name says so, any value is one. */
const NAMED = /PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL|DSN|AUTH/i;
/** Words, numbers, host names, paths and addresses without a password: masking them would make a log unreadable. */
const PLAIN = [
  /^[A-Za-z]{1,20}$/,
  /^[\d.,:]{1,15}$/,
  /^v?\d+(\.\d+)*(-[a-z0-9.]+)?$/i,
  /^\/[\w./-]*$/,
  /^https?:\/\/[^@?#]*$/,
  /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?$/,
];

function isSecretValue(name: string, value: string): boolean {
  return NAMED.test(name) || !PLAIN.some((pattern) => pattern.test(value));
}

/** `others`: texts that are secret whatever they are called, e.g. contents of secret files. */
export function stackRedactor(
  services: readonly ServiceModel[],
  others: Readonly<Record<string, string>> = {},
): (text: string) => string {
  const secrets: Record<string, string> = { ...others };
  for (const [i, service] of services.entries())
    for (const [name, value] of Object.entries(environmentOf(service)))
      if (isSecretValue(name, value)) secrets[`${i} ${name}`] = value;
  return redactor(secrets);
}

/** Before the stack is read: what Compose says of its files may quote a value of them. */
export async function envRedactor(files: Files, stack: StackFiles): Promise<(text: string) => string> {
  const secrets: Record<string, string> = {};
  for (const file of envFilesOf(stack)) {
    const content = await files.read(inFolder(stack, file));
    const values = content.ok ? readEnvText(content.value.toString("utf8")) : {};
    for (const [name, value] of Object.entries(values)) if (isSecretValue(name, value)) secrets[name] = value;
  }
  return redactor(secrets);
}

/** As Compose takes them: `.env` where nothing is said, and it need not be there. */
export function envFilesOf({ envFiles }: StackFiles): readonly string[] {
  return envFiles.length > 0 ? envFiles : [".env"];
}
