// A desk with one environment that listens to every sender, and requests to it.
import { createHmac } from "node:crypto";
import { ok } from "../../../src/core/result.ts";
import { secret } from "../../../src/core/secret.ts";
import type { Received } from "../../../src/core/signals/event.ts";
import type { HookDesk, Via } from "../../../src/http/hooks/desk.ts";
import { hookRoutes } from "../../../src/http/hooks/routes.ts";

export const key = "not-a-secret";
export const now = 1_790_000_000_000;
export const nowS = String(now / 1_000);

export function hookBed(
  options: { readonly answer?: "taken" | "known" | "full"; readonly key?: string } = {},
) {
  const taken: Received[] = [];
  const desk: HookDesk = {
    ways: () => [
      {
        env: "production",
        secret: async () => ok(secret(options.key ?? key)),
        take(deliveries) {
          taken.push(...deliveries);
          return options.answer ?? "taken";
        },
      },
    ],
  };
  const routes = hookRoutes(desk, () => now);
  const post = async (via: Via | string, body: string, headers: Record<string, string> = {}) => {
    const answer = await routes.request(`/${via}`, { method: "POST", body, headers });
    const text = await answer.text();
    return { status: answer.status, text, headers: answer.headers };
  };
  return { taken, post, routes };
}

export function hex(text: string, withKey = key): string {
  return createHmac("sha256", withKey).update(text).digest("hex");
}
