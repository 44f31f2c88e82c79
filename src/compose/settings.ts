// From the config's sections to what use cases need to know of an environment.
import type { Settings } from "../app/app.ts";
import type { Config } from "../config/schema.ts";
import { assert } from "../core/result.ts";

export function settingsOf(config: Config, env: string): Settings {
  const section = config.environments[env];
  assert(section, `no environment ${env}`);
  const [service] = Object.keys(section.services);
  assert(service, `no service in ${env}`);
  const { host, port } = section.traffic.listen;
  const { watch } = section;
  return {
    app: config.app,
    env,
    service,
    publicUrl: `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`,
    strategy: section.strategy,
    smoke: section.smoke.map(({ get, expect }) => ({ path: get, expect })),
    drainMs: section.traffic.drain.ms,
    watch: {
      forMs: watch.for.ms,
      checkMs: watch.check.ms,
      tolerate: watch.tolerate.fraction,
      waitForVerdict: watch.waitForVerdict,
    },
    policy: section.policy,
    keepReleases: section.keep.releases,
  };
}
