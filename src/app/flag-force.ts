// flag off --force-live: running Node processes without preload are switched through their inspector. Break-glass, and written down.
import { variableOf } from "../core/flags/model.ts";
import { plainValue } from "../core/flags/variables.ts";
import type { JsonObject } from "../core/json.ts";
import type { App } from "./app.ts";
import type { EnvFlags } from "./flag-desk.ts";
import { instancesOf } from "./flag-doctor.ts";

/** One row for each process that does not follow flags by itself, and was started with another value. */
export async function forceLive(
  app: App,
  env: EnvFlags,
  flag: string,
  by: string,
): Promise<readonly JsonObject[]> {
  const now = env.ruleset().flags.get(flag);
  const value = now ? plainValue(now) : null;
  if (value === null) return [];
  const variable = variableOf(flag, now);
  const rows: JsonObject[] = [];
  for (const { name, listens, started } of await instancesOf(app, env)) {
    if (listens || started?.get(variable) === value || !started?.has(variable)) continue;
    const done = await app.flags.setLive(name, new Map([[variable, value]]));
    const why = done.ok ? `${variable} is ${value} until it restarts` : done.error.what;
    const data = { env: env.name, flag, instance: name, by, done: done.ok, why };
    app.deps.ledger.record([{ type: "flag.forced", data }]);
    rows.push({ instance: name, done: done.ok, why });
  }
  return rows;
}
