// Connections to the app: one pool for each backend, retired when the route leaves it.
import http from "node:http";
import type { LookupFunction, Socket } from "node:net";
import { sharedLookup } from "./lookup.ts";
import type { Backend } from "./route.ts";

const freeSockets = 256;
/**
 * A request that must not be sent twice takes an idle connection only when the app may not be closing it at
 * this very moment: the app said or showed that it keeps them for some time, and this one was idle for less
 * than `safeIdleMs`. Else it gets a fresh one. The shortest keep-alive of common servers is 1 s.
 */
const patientMs = 1_000;
/** Same, where the app says itself how long it keeps them (`Keep-Alive: timeout=`). */
const patientHintS = 2;
const safeIdleMs = 500;
/** Largest head that is read from the app. */
export const headBytes = 32 * 1024;

export type Outgoing = {
  readonly method: string;
  readonly target: string;
  readonly headers: string[];
  /** `any`: may be sent again if the connection turns out to be dead. */
  readonly connection: "any" | "surely-alive" | "fresh";
};

export type Pool = {
  /** Build the request, not yet sent. Throws where Node refuses the target or a header. */
  request(outgoing: Outgoing): http.ClientRequest;
  /** Count one request or tunnel in; call the answer when it is over. */
  begin(): () => void;
};

export type Upstreams = {
  to(backend: Backend): Pool;
  /** The route left this backend: close its idle connections now, the others when they become idle. */
  retire(backend: Backend): void;
  inFlight(instance: string): number;
  /** Of all instances. */
  total(): number;
};

type PoolState = {
  readonly backend: Backend;
  readonly agent: http.Agent;
  /**
   * Makes a connection for each request and keeps none. Keep-alive all the same: an app that has been told to
   * close would do so after an early answer to an upload, and the answer would be lost in the reset.
   */
  readonly fresh: http.Agent;
  /** One for all pools: it is the names that wait for each other. */
  readonly lookup: LookupFunction;
  readonly idleSince: WeakMap<Socket, number>;
  /** The app said that it keeps idle connections, or the one that ended last had lived for `patientMs`. */
  patient: boolean;
  open: number;
  retired: boolean;
};

export function upstreams(keepAliveMs: number, elapsed: () => number): Upstreams {
  const pools = new Map<string, PoolState>();
  const lookup = sharedLookup(elapsed);

  function poolOf(backend: Backend): PoolState {
    const key = `${backend.instance} ${backend.url}`;
    const known = pools.get(key);
    if (known) return revive(known);
    const made = newPool(backend, { keepAliveMs, elapsed, lookup });
    pools.set(key, made);
    return made;
  }

  function begin(pool: PoolState): () => void {
    pool.open += 1;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      pool.open -= 1;
      forgetUnused(pool);
    };
  }

  function forgetUnused(pool: PoolState): void {
    if (pool.retired && pool.open === 0) pools.delete(`${pool.backend.instance} ${pool.backend.url}`);
  }

  return {
    to(backend) {
      const pool = poolOf(backend);
      return { request: (outgoing) => request(pool, outgoing, elapsed), begin: () => begin(pool) };
    },
    retire(backend) {
      const pool = pools.get(`${backend.instance} ${backend.url}`);
      if (!pool) return;
      pool.retired = true;
      pool.agent.maxFreeSockets = 0;
      for (const sockets of Object.values(pool.agent.freeSockets)) {
        for (const socket of [...(sockets ?? [])]) socket.destroy();
      }
      forgetUnused(pool);
    },
    inFlight(instance) {
      let open = 0;
      for (const pool of pools.values()) if (pool.backend.instance === instance) open += pool.open;
      return open;
    },
    total() {
      let open = 0;
      for (const pool of pools.values()) open += pool.open;
      return open;
    },
  };
}

function revive(pool: PoolState): PoolState {
  if (!pool.retired) return pool;
  pool.retired = false;
  pool.agent.maxFreeSockets = freeSockets;
  pool.patient = false;
  return pool;
}

type Around = Pick<PoolState, "lookup"> & {
  readonly keepAliveMs: number;
  readonly elapsed: () => number;
};

function newPool(backend: Backend, { keepAliveMs, elapsed, lookup }: Around): PoolState {
  // Node's agent also honours a `Keep-Alive: timeout=` of the app, minus one second.
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: freeSockets, timeout: keepAliveMs });
  const fresh = new http.Agent({ keepAlive: true });
  fresh.maxFreeSockets = 0;
  const pool: PoolState = {
    backend,
    agent,
    fresh,
    lookup,
    idleSince: new WeakMap(),
    patient: false,
    open: 0,
    retired: false,
  };
  const watched = new WeakSet<Socket>();
  agent.on("free", (socket: Socket) => {
    if (socket.destroyed) return;
    pool.idleSince.set(socket, elapsed());
    if (watched.has(socket)) return;
    watched.add(socket);
    socket.once("close", () => {
      const since = pool.idleSince.get(socket);
      if (since !== undefined && !pool.retired) pool.patient = elapsed() - since >= patientMs;
    });
  });
  return pool;
}

function request(pool: PoolState, outgoing: Outgoing, elapsed: () => number): http.ClientRequest {
  const url = new URL(pool.backend.url);
  const mayReuse =
    outgoing.connection === "any" || (outgoing.connection === "surely-alive" && newestIsSafe(pool, elapsed));
  const made = http.request({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 80 : Number(url.port),
    method: outgoing.method,
    path: outgoing.target,
    headers: outgoing.headers,
    agent: mayReuse ? pool.agent : pool.fresh,
    maxHeaderSize: headBytes,
    lookup: pool.lookup,
  });
  made.once("socket", (socket) => pool.idleSince.delete(socket));
  made.once("response", (incoming) => {
    const said = /timeout=(\d+)/.exec(String(incoming.headers["keep-alive"]));
    if (said && Number(said[1]) >= patientHintS) pool.patient = true;
  });
  return made;
}

/** The agent hands out the newest idle connection; with none it makes a new one, which is safe too. */
function newestIsSafe(pool: PoolState, elapsed: () => number): boolean {
  if (!pool.patient) return false;
  const newest = Object.values(pool.agent.freeSockets)[0]?.at(-1);
  if (!newest) return true;
  const since = pool.idleSince.get(newest);
  return since !== undefined && elapsed() - since <= safeIdleMs;
}
