// The notifiers that a config names. Secrets are read when they are needed, so that changing one needs no restart.
import type { Environment } from "../config/schema.ts";
import { webhookNotifier } from "../drivers/notifier/webhook.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Machine } from "./machine.ts";
import { secretIn } from "./secrets.ts";

export function notifiersOf({ notify }: Environment, machine: Machine): readonly Notifier[] {
  return notify.map((one) => webhookOf(one, machine));
}

function webhookOf({ url, secretFile }: Environment["notify"][number], machine: Machine): Notifier {
  // Only the host: the rest of a webhook's address is often a secret itself.
  const name = `webhook ${new URL(url).host}`;
  return {
    name,
    async send(message) {
      const key = await secretIn(secretFile, machine.files);
      return key.ok ? webhookNotifier({ name, url, secret: key.value }, machine).send(message) : key;
    },
  };
}
