// From the config's sections to what use cases need to know of an environment.
import type { Settings } from "../app/app.ts";
import type { Config, Environment } from "../config/schema.ts";
import { limits } from "../core/limits.ts";
import { assert } from "../core/result.ts";
import { flowsOf } from "./flows.ts";
import { policyOf } from "./policy.ts";
import { trialOf } from "./trials.ts";

const dayMs = 86_400_000;

export function settingsOf(config: Config, env: string): Settings {
  const section = config.environments[env];
  assert(section, `no environment ${env}`);
  const { watch, traffic } = section;
  return {
    app: config.app,
    env,
    publicUrl: publicUrlOf(section),
    strategy: section.strategy,
    smoke: smokeOf(section),
    flows: flowsOf(section),
    tasks: tasksOf(section),
    drainMs: traffic?.drain.ms ?? limits.drainDefaultMs,
    holdMs: holdMsOf(section),
    watch: {
      forMs: watch.for.ms,
      checkMs: watch.check.ms,
      tolerate: watch.tolerate.fraction,
      waitForVerdict: watch.waitForVerdict,
      integrityMs: watch.integrity.ms,
      always: watch.always,
      payments: watch.payments,
      events: Object.entries(watch.events).map(([name, routes]) => ({ name, routes })),
    },
    policy: policyOf(section),
    keepReleases: section.keep.releases,
    trial: trialOf(section),
    drillGate: { act: section.drill.beforeMigrations, maxMs: section.drill.maxDays * dayMs },
  };
}

/** How long requests may wait at the edge. */
export function holdMsOf({ traffic }: Environment): number {
  return traffic && "hold" in traffic ? traffic.hold.ms : limits.holdDefaultMs;
}

/** Where people's requests arrive, as far as the config says. */
function publicUrlOf({ traffic }: Environment): string {
  if (traffic?.kind !== "proxy") return "";
  const { host, port } = traffic.listen;
  return `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
}

function tasksOf({ stack }: Environment): Settings["tasks"] {
  if (stack?.runtime !== "compose") return [];
  return stack.tasks.map(({ name, service, command, timeout }) => {
    const [program = "", ...rest] = command;
    return { name, service, argv: [program, ...rest], timeoutMs: timeout.ms };
  });
}

function smokeOf({ smoke, stack }: Environment): Settings["smoke"] {
  const own = smoke.map(({ service = null, get, expect }) => ({ service, path: get, expect }));
  if (stack?.runtime !== "compose") return own;
  const bySection = Object.entries(stack.services).flatMap(([service, section]) =>
    section.smoke.map(({ get, expect }) => ({ service, path: get, expect })),
  );
  return [...own, ...bySection];
}
