// HTTP to what listens on a remote host only: through the shared ssh connection, over a local socket.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../core/digest.ts";
import { problem, type Result } from "../core/result.ts";
import type { Host } from "../ports/host.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "../ports/http-client.ts";
import type { SshHost } from "./ssh.ts";
import {
  controlPath,
  destination,
  isListening,
  type SshPlaces,
  type SshTarget,
  sshArgv,
} from "./ssh-client.ts";

const FORWARD_MS = 15_000;

/**
 * `url` and `socketPath` are meant as on the remote host: `http://127.0.0.1:3000/health` is its port 3000. `http` makes
 * the requests on this machine.
 */
export function sshHttp(
  host: SshHost,
  target: SshTarget,
  places: SshPlaces,
  parts: { readonly local: Host; readonly http: HttpClient },
): HttpClient {
  return {
    request: async (wanted) => {
      const there = farEnd(wanted);
      if (!there.ok) return there;
      const connected = await host.connect(wanted.signal);
      if (!connected.ok) return connected;
      const socket = forwardPath(target, places, there.value);
      const open = await forward(socket, there.value, target, places, parts.local);
      if (!open.ok) return open;
      return answerOf(await parts.http.request({ ...wanted, socketPath: socket }), there.value, target);
    },
  };
}

/** As ssh's -L wants its far end: `host:port`, or the path of a socket. */
function farEnd({ url, socketPath }: HttpRequest): Result<string> {
  if (socketPath !== undefined) return { ok: true, value: socketPath };
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== "http:")
    return problem("usage", `${url} can't be asked over ssh`, "write it as http://host:port/path");
  return { ok: true, value: `${parsed.hostname}:${parsed.port === "" ? "80" : parsed.port}` };
}

function forwardPath(target: SshTarget, places: SshPlaces, there: string): string {
  return join(places.sockets, `f-${sha256(`${controlPath(target, places)} ${there}`).slice(0, 12)}`);
}

/** Nothing to do where it is open already. One that a dead connection left does not listen. */
async function forward(
  socket: string,
  there: string,
  target: SshTarget,
  places: SshPlaces,
  local: Host,
): Promise<Result<void>> {
  if (await isListening(socket)) return { ok: true, value: undefined };
  await rm(socket, { force: true });
  const rest = ["-O", "forward", "-L", `${socket}:${there}`, ...destination(target)];
  const argv = sshArgv(target, places, "more", rest);
  const ran = await local.run({ argv, effect: "read", op: null, timeoutMs: FORWARD_MS });
  if (!ran.ok) return ran;
  if (ran.value.exitCode === 0 || (await isListening(socket))) return { ok: true, value: undefined };
  const said = ran.value.stderr.trim().split("\n").at(-1) ?? "";
  return problem(
    "unreachable",
    `no way to ${there} on ${target.name} over ssh: ${said}`,
    "check that its sshd allows forwarding (AllowTcpForwarding, AllowStreamLocalForwarding)",
    target.name,
  );
}

/** To us the connection is cut; over there nobody listens. */
function answerOf(answer: Result<HttpAnswer>, there: string, { name }: SshTarget): Result<HttpAnswer> {
  if (answer.ok || answer.error.code !== "unreachable") return answer;
  return problem(
    "unreachable",
    `${there} on ${name} does not answer: nobody listens there, or the connection failed`,
    "check that it runs, and its port",
    `${name} ${there}`,
  );
}
