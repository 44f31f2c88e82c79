// Where the embedded proxy keeps its things, and the settings file that it is started with.
import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";

/** Unix socket paths end at 107 bytes on Linux and 103 elsewhere. */
const socketPathBytes = 100;

export type ProxyTuning = {
  /** Longest wait of a held request, milliseconds. */
  readonly holdMs?: number;
  /** Most requests that wait at once. */
  readonly holdRequests?: number;
  /** A request on which no byte moves for this long is ended, milliseconds. */
  readonly idleMs?: number;
  readonly connectMs?: number;
  readonly clientKeepAliveMs?: number;
  readonly upstreamKeepAliveMs?: number;
  /** What open requests and tunnels are given when the proxy stops, milliseconds. */
  readonly stopGraceMs?: number;
  readonly logRotateBytes?: number;
};

export type ProxyTrafficConfig = {
  /** Absolute; one proxy for each. */
  readonly stateDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Where a client's identity stands, if anywhere better than address and user agent. */
  readonly clientKey?: { readonly header?: string; readonly cookie?: string };
  /** A short folder that only we can write, for the control socket where `stateDir` is too long for one. */
  readonly socketDir?: string;
  readonly tuning?: ProxyTuning;
};

export type ProxyPaths = { readonly settings: string; readonly log: string; readonly socket: string };

export function proxyPaths(config: Pick<ProxyTrafficConfig, "stateDir" | "socketDir">): Result<ProxyPaths> {
  const { stateDir, socketDir } = config;
  const settings = join(stateDir, "proxy.json");
  const log = join(stateDir, "proxy.log");
  const plain = join(stateDir, "control.sock");
  if (Buffer.byteLength(plain) <= socketPathBytes) return ok({ settings, log, socket: plain });
  const short = join(socketDir ?? "", `lg-${hash("sha256", stateDir, "hex").slice(0, 16)}.sock`);
  if (socketDir !== undefined && Buffer.byteLength(short) <= socketPathBytes) {
    return ok({ settings, log, socket: short });
  }
  return problem(
    "config",
    `the path of the proxy's control socket would be longer than ${socketPathBytes} bytes: ${plain}`,
    "choose a shorter state folder, or a short socket folder",
    dirname(plain),
  );
}

/** The content of the settings file. It holds no secret, and its reader checks it. */
export function settingsText(config: ProxyTrafficConfig, socket: string): string {
  const { stateDir, listen, clientKey = {}, tuning = {} } = config;
  return `${JSON.stringify({ stateDir, listen, controlSocket: socket, clientKey, tuning }, null, 2)}\n`;
}
