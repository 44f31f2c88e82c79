// Traffic through the proxy that comes with Lastgood: a process of its own, which outlives the controller.
import { limits } from "../../../core/limits.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { Op } from "../../../ports/op.ts";
import type { Traffic } from "../../../ports/traffic.ts";
import { type ProxyControl, proxyControl } from "./control.ts";
import { type ProxyPaths, type ProxyTrafficConfig, proxyPaths } from "./files.ts";
import { ensureProxy, proxyMark, type StartDeps } from "./start.ts";

export type { ProxyTrafficConfig, ProxyTuning } from "./files.ts";

export type ProxyTraffic = Traffic & {
  /** Start the proxy where none is alive, and wait until it answers. Failures: `port-in-use`, `damaged`, `busy`, … */
  ensure(): Promise<Result<void>>;
  /** End the proxy: it finishes what is in flight. No error when there is none. `fenced` on a lower epoch. */
  shutDown(op: Op): Promise<Result<void>>;
};

/** Beyond the proxy's own grace: closing, flushing. */
const stopSlackMs = 5_000;
const stopPollMs = 25;
const releaseHeader = "x-lastgood-release";

export type ProxyTrafficDeps = StartDeps & { readonly http: HttpClient };

export function proxyTraffic(config: ProxyTrafficConfig, deps: ProxyTrafficDeps): ProxyTraffic {
  const paths = proxyPaths(config);

  async function withProxy<T>(
    work: (c: ProxyControl, p: ProxyPaths) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    return paths.ok ? work(proxyControl(deps.http, paths.value.socket), paths.value) : paths;
  }

  return {
    now: () => withProxy((control) => control.state()),
    change: (op, expected, change) => withProxy((control) => control.change(op, expected, change)),
    inFlight: (instance) => withProxy((control) => control.inFlight(instance)),
    whoAnswers: (path, timeoutMs) => whoAnswers(config, deps.http, path, timeoutMs),
    ensure: () => withProxy((control, known) => ensureProxy({ config, paths: known, control, deps })),
    shutDown: (op) => withProxy((control) => shutDown(config, control, deps, op)),
  };
}

async function whoAnswers(config: ProxyTrafficConfig, http: HttpClient, path: string, timeoutMs: number) {
  const { host, port } = config.listen;
  const url = `http://${reachable(host)}:${port}${path}`;
  const answer = await http.request({ method: "GET", url, timeoutMs });
  if (!answer.ok) return answer;
  return ok({ release: answer.value.headers[releaseHeader] ?? null, status: answer.value.status });
}

/** "All addresses" is where one listens, not where one connects to. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

async function shutDown(
  config: ProxyTrafficConfig,
  control: ProxyControl,
  { processes, clock }: StartDeps,
  op: Op,
): Promise<Result<void>> {
  const alive = await processes.find(proxyMark, config.stateDir);
  if (alive.length === 0) return ok(undefined);
  const asked = await control.stop(op);
  if (!asked.ok) return asked;
  const graceMs = config.tuning?.stopGraceMs ?? limits.drainDefaultMs;
  const until = clock.elapsed() + graceMs + stopSlackMs;
  while (alive.some((one) => processes.alive(one))) {
    if (op.signal.aborted)
      return problem("cancelled", "waiting for the proxy's end was called off", "ask again");
    if (clock.elapsed() >= until) {
      const pids = alive.map((one) => one.pid).join(", ");
      return problem("timeout", `the proxy (pid ${pids}) did not end`, `end it by hand: kill ${pids}`);
    }
    await clock.sleep(stopPollMs, op.signal);
  }
  return ok(undefined);
}
