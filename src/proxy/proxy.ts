// The whole proxy: restores its route, opens both sides, and closes them in the right order.
import { mkdir } from "node:fs/promises";
import type { Server } from "node:http";
import { AccessLog } from "./access-log.ts";
import { isAnswered, listenControl } from "./control.ts";
import type { Counters, Edge } from "./edge.ts";
import { gate } from "./gate.ts";
import { publicServer } from "./public.ts";
import { type RouteState, sameBackend } from "./route.ts";
import { type RouteKeeper, routeKeeper } from "./route-keeper.ts";
import type { Say } from "./say.ts";
import type { ProxyClock, Settings } from "./settings.ts";
import { loadRoute, saveRoute, stateFile } from "./state-file.ts";
import { upstreams } from "./upstreams.ts";

/** How often connections that became idle are closed while stopping. */
const stopTickMs = 50;
/** Turns of the event loop that the last requests are given to write their line. */
const lastTurns = 100;

export type StartFailureCode = "port-in-use" | "busy" | "damaged" | "config" | "failed";

/** Why the proxy can't start; the code is what the driver turns into a problem. */
export class StartFailure extends Error {
  override name = "StartFailure";
  readonly code: StartFailureCode;
  constructor(code: StartFailureCode, what: string) {
    super(what);
    this.code = code;
  }
}

export type Proxy = {
  readonly counters: Counters;
  /** Stop accepting, finish what is in flight (bounded), flush the log. Resolves when all is closed. */
  stop(): Promise<void>;
};

export type ProxyDeps = {
  readonly clock: ProxyClock;
  readonly pid: number;
  readonly say: Say;
  /** Asked to stop over the control socket. */
  onStop(op: string): void;
};

export async function startProxy(settings: Settings, deps: ProxyDeps): Promise<Proxy> {
  await mkdir(settings.stateDir, { recursive: true, mode: 0o700 });
  if (await isAnswered(settings.controlSocket)) {
    throw new StartFailure("busy", `a proxy already answers on ${settings.controlSocket}`);
  }
  const file = stateFile(settings.stateDir);
  const initial = await loadRoute(file).catch((error: Error) => {
    throw new StartFailure("damaged", `the saved route ${file} can't be read: ${error.message}`);
  });
  const { edge, keeper, stopNow } = wire(settings, deps, initial, (state) => saveRoute(file, state));
  const { server, open, connections } = publicServer(edge);
  await listenPublic(server, settings);
  const { clock, pid } = deps;
  const [startedAt, started] = [clock.now(), clock.elapsed()];
  const stats = () => ({
    pid,
    startedAt,
    uptimeMs: Math.round(clock.elapsed() - started),
    listen: settings.listen,
    ...edge.counters,
    connections: connections(),
    inFlight: edge.upstreams.total(),
    tunnels: open.count(),
    waiting: edge.gate.waiting(),
    stopping: edge.stopping(),
    log: edge.log.stats(),
  });
  const { inFlight } = edge.upstreams;
  try {
    await edge.log.open();
    const control = await listenControl(settings.controlSocket, {
      keeper,
      inFlight,
      stats,
      stop: deps.onStop,
    });
    return { counters: edge.counters, stop: () => stop(edge, server, open, control, stopNow) };
  } catch (error) {
    server.close();
    throw new StartFailure("failed", (error as Error).message);
  }
}

type Wired = { readonly edge: Edge; readonly keeper: RouteKeeper; stopNow(): void };

function wire(
  settings: Settings,
  { clock, say }: ProxyDeps,
  initial: RouteState,
  save: (state: RouteState) => Promise<void>,
): Wired {
  const { tuning } = settings;
  let stopping = false;
  let current = initial;
  const edge: Edge = {
    settings,
    clock,
    say,
    gate: gate({ waitMs: tuning.holdMs, capacity: tuning.holdRequests, held: initial.held }),
    upstreams: upstreams(tuning.upstreamKeepAliveMs, clock.elapsed),
    log: new AccessLog(settings.stateDir, tuning.logRotateBytes, clock),
    counters: { open: 0, requests: 0, malformed: 0, uncaught: 0, turnedAway: 0 },
    route: () => current,
    stopping: () => stopping,
  };
  const keeper = routeKeeper(initial, save, (next) => {
    const former = current.backend;
    current = next;
    if (former && !sameBackend(former, next.backend)) edge.upstreams.retire(former);
    if (next.held) edge.gate.shut();
    else edge.gate.open();
    const { generation, op, backend, held, epoch } = next;
    say("route", {
      generation,
      op,
      release: backend?.release ?? null,
      url: backend?.url ?? null,
      held,
      epoch,
    });
  });
  return {
    edge,
    keeper,
    stopNow: () => {
      stopping = true;
    },
  };
}

function listenPublic(server: Server, settings: Settings): Promise<void> {
  const { host, port } = settings.listen;
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenFailure(error, `${host}:${port}`)));
    server.listen({ host, port }, resolve);
  });
}

function listenFailure(error: NodeJS.ErrnoException, where: string): StartFailure {
  if (error.code === "EADDRINUSE")
    return new StartFailure("port-in-use", `${where} is used by another process`);
  if (error.code === "EACCES") return new StartFailure("config", `no permission to listen on ${where}`);
  return new StartFailure("config", `can't listen on ${where}: ${error.message}`);
}

async function stop(
  edge: Edge,
  server: Server,
  open: { count(): number; cutAll(): void },
  control: Server,
  stopNow: () => void,
): Promise<void> {
  stopNow();
  edge.gate.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const tick = setInterval(() => server.closeIdleConnections(), stopTickMs);
  const limit = setTimeout(() => {
    open.cutAll();
    server.closeAllConnections();
  }, edge.settings.tuning.stopGraceMs);
  await closed;
  clearInterval(tick);
  clearTimeout(limit);
  open.cutAll();
  // The last connections tell their requests only some turns after they are gone.
  for (let turn = 0; turn < lastTurns && edge.counters.open > 0; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await edge.log.close();
  await new Promise<void>((resolve) => {
    control.close(() => resolve());
    control.closeAllConnections();
  });
}
