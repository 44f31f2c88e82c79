// Traffic through an nginx that is there already: three small files of ours are included by it.
import { ok, type Result } from "../../../core/result.ts";
import type { Traffic } from "../../../ports/traffic.ts";
import { addressOf } from "../target/address.ts";
import { type RouteRecord, targetRecords } from "../target/records.ts";
import { switchBy } from "../target/switch.ts";
import { askNginx, whoAnswers } from "./ask.ts";
import { linkMechanism, type NginxDeps } from "./link.ts";
import { type NginxConfig, nginxPaths } from "./place.ts";
import { reloadMechanism } from "./reload.ts";
import { setUp } from "./setup.ts";
import { connectionsTo, workersOf } from "./workers.ts";

export type { NginxDeps } from "./link.ts";
export { inContainer, type NginxConfig, onHost, privateNetworks } from "./place.ts";

export type NginxTraffic = Traffic & {
  /** Write our files where they are missing, and see that nginx uses them. `config` tells the lines to add. */
  ensure(): Promise<Result<void>>;
  /** What was routed when, newest first, to tell whose a line of the access log is. */
  history(): Promise<Result<readonly RouteRecord[]>>;
};

export function nginxTraffic(config: NginxConfig, deps: NginxDeps): NginxTraffic {
  const records = targetRecords(nginxPaths(config.folder, config.name).records, deps);
  const mechanism = config.switchBy === "link" ? linkMechanism(config, deps) : reloadMechanism(config, deps);

  async function inFlight(instance: string): Promise<Result<number>> {
    const known = await records.all();
    if (!known.ok) return known;
    const backend = known.value.find((one) => one.backend?.instance === instance)?.backend;
    if (!backend) return ok(0);
    const address = addressOf(backend, false);
    const says = await askNginx(config, deps.http);
    if (!says.ok) return says;
    const workers = await workersOf(deps.host, config.commands, says.value.pid);
    if (!address.ok) return address;
    if (!workers.ok) return workers;
    const open = await connectionsTo(deps.host, workers.value.master, address.value);
    if (!open.ok) return open;
    // Kept-alive connections to the app stay open between requests: no more than all requests can be under way.
    return ok(says.value.writing === null ? open.value : Math.min(open.value, says.value.writing - 1));
  }

  return {
    ...switchBy(mechanism, { records, clock: deps.clock }),
    inFlight,
    whoAnswers: (path, timeoutMs) => whoAnswers(config, deps.http, path, timeoutMs),
    ensure: () => setUp(config, deps),
    history: records.all,
  };
}
