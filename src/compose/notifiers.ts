// The notifiers that a config names. Secrets are read when they are needed, so that changing one needs no restart.
import type { Environment } from "../config/schema.ts";
import { ok, type Result } from "../core/result.ts";
import { type Secret, secret } from "../core/secret.ts";
import { webhookNotifier } from "../drivers/notifier/webhook.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Machine } from "./machine.ts";

export function notifiersOf({ notify }: Environment, machine: Machine): readonly Notifier[] {
  return notify.map((one) => webhookOf(one, machine));
}

function webhookOf({ url, secretFile }: Environment["notify"][number], machine: Machine): Notifier {
  // Only the host: the rest of a webhook's address is often a secret itself.
  const name = `webhook ${new URL(url).host}`;
  return {
    name,
    async send(message) {
      const key = await readSecret(secretFile, machine);
      return key.ok ? webhookNotifier({ name, url, secret: key.value }, machine).send(message) : key;
    },
  };
}

async function readSecret(file: string | undefined, { files }: Machine): Promise<Result<Secret | null>> {
  if (file === undefined) return ok(null);
  const text = await files.read(file);
  return text.ok ? ok(secret(text.value.toString("utf8").trim())) : text;
}
