// Where an edge is reached from outside, and which release answers there.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { Traffic } from "../../../ports/traffic.ts";
import { type EdgeConfig, nameOf } from "./config.ts";
import { look } from "./docker.ts";
import type { EdgeDeps } from "./place.ts";

const releaseHeader = "x-lastgood-release";

export type EdgePublicSide = Pick<Traffic, "whoAnswers"> & {
  address(network: string): Promise<Result<string>>;
};

export function edgePublicSide(
  config: EdgeConfig,
  deps: EdgeDeps & { readonly http: HttpClient },
): EdgePublicSide {
  /** Kept as long as an edge answers there: its address changes when its container is started anew. */
  let known: string | null = null;

  async function address(network: string): Promise<Result<string>> {
    const found = await look(deps.docker, nameOf(config));
    if (!found.ok) return found;
    const ip = found.value?.addresses[network] ?? "";
    if (ip !== "") return ok(ip);
    const what = `the edge of ${config.service} has no address in ${network}`;
    return problem("missing", what, "start it: any deploy does", nameOf(config));
  }

  /** What the config says; else the published port; else the edge itself. */
  async function origin(): Promise<Result<string>> {
    if (config.publicUrl !== null) return ok(config.publicUrl.replace(/\/$/, ""));
    const [port] = config.published;
    if (port) return ok(`http://${reachable(port.hostIp)}:${port.hostPort}`);
    const ip = await address(config.networks[0].name);
    return ip.ok ? ok(`http://${ip.value}:${config.port}`) : ip;
  }

  return {
    address,
    async whoAnswers(path, timeoutMs) {
      const at = known === null ? await origin() : ok(known);
      if (!at.ok) return at;
      const answer = await deps.http.request({ method: "GET", url: `${at.value}${path}`, timeoutMs });
      const release = answer.ok ? (answer.value.headers[releaseHeader] ?? null) : null;
      known = release === null ? null : at.value;
      return answer.ok ? ok({ release, status: answer.value.status }) : answer;
    },
  };
}

/** "All addresses" is where one listens, not where one connects to. */
function reachable(host: string): string {
  if (host === "" || host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
