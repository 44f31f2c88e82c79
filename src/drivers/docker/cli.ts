// Runs the docker client: argv only, secrets by stdin only, and its failures in words.
import { ok, problem, type Result } from "../../core/result.ts";
import type { Command, Finished, Host } from "../../ports/host.ts";
import type { EngineLooks } from "./engine-looks.ts";

/** Which engine is meant. All null: the one that the client would take by itself. */
export type DockerTarget = {
  /** What `DOCKER_HOST` would say, e.g. `unix:///var/run/docker.sock`. */
  readonly host: string | null;
  readonly context: string | null;
  /** Folder of the client's own settings: registry log-ins, plugins. */
  readonly configDir: string | null;
};

export type DockerCall = {
  readonly args: readonly string[];
  readonly effect: Command["effect"];
  readonly op?: string | null;
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
  readonly signal?: AbortSignal;
};

export type Docker = {
  /** However it ended by itself. A problem: it never began, ran out of time, was called off, or no engine answered. */
  run(call: DockerCall): Promise<Result<Finished>>;
  /** Its standard output; `failed` with its last words where it ended badly. */
  output(call: DockerCall): Promise<Result<string>>;
  /** Looks that need no client; null where there are none. */
  readonly looks: EngineLooks | null;
};

/** For what the engine answers from what it knows; starts, stops and builds say their own time. */
const ANSWER_MS = 30_000;
const LAST_WORDS = 6;

export function dockerCli(host: Host, target: DockerTarget, looks: EngineLooks | null = null): Docker {
  const flags = [
    ...(target.configDir === null ? [] : ["--config", target.configDir]),
    ...(target.host === null ? [] : ["--host", target.host]),
    ...(target.context === null ? [] : ["--context", target.context]),
  ];
  // Plugins of the client read the environment more reliably than its flags.
  const env = {
    ...(target.configDir === null ? {} : { DOCKER_CONFIG: target.configDir }),
    ...(target.host === null ? {} : { DOCKER_HOST: target.host }),
    ...(target.context === null ? {} : { DOCKER_CONTEXT: target.context }),
  };
  const run: Docker["run"] = async (call) => {
    const { args, effect, op = null, timeoutMs = ANSWER_MS, cwd, stdin, signal } = call;
    const command: Command = {
      argv: ["docker", ...flags, ...args],
      effect,
      op,
      timeoutMs,
      env: { ...call.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(stdin === undefined ? {} : { stdin }),
    };
    const ended = await host.run(command, signal);
    return ended.ok ? trouble(host.name, args, timeoutMs, ended.value) : noClient(host.name, ended);
  };
  const output: Docker["output"] = async (call) => {
    const ended = await run(call);
    if (!ended.ok) return ended;
    if (ended.value.exitCode === 0) return ok(ended.value.stdout);
    const what = `docker ${verb(call.args)} failed: ${lastWords(ended.value)}`;
    return problem("failed", what, "mend what docker says, then do it again");
  };
  return { run, output, looks };
}

function noClient(
  host: string,
  failed: Result<never> | { readonly ok: false; readonly error: { code: string } },
) {
  if (failed.ok || failed.error.code !== "missing") return failed as Result<never>;
  return problem(
    "missing",
    `there is no docker program on ${host}`,
    "install Docker Engine 20.10 or newer with Compose v2, or put docker into PATH",
  );
}

function trouble(
  host: string,
  args: readonly string[],
  timeoutMs: number,
  ended: Finished,
): Result<Finished> {
  const what = `docker ${verb(args)}`;
  if (ended.cancelled)
    return problem(
      "cancelled",
      `${what} was called off`,
      "look what became of it; doing it again is harmless",
    );
  if (ended.timedOut)
    return problem(
      "timeout",
      `${what} did not end within ${Math.round(timeoutMs / 1000)} s`,
      "see whether the docker engine answers: docker ps",
    );
  // Only where it failed: a build's own output may speak of such things.
  if (ended.exitCode !== 0 && NO_ENGINE.test(ended.stderr))
    return problem(
      "unreachable",
      `no docker engine answers on ${host}: ${lastWords(ended)}`,
      "start it (systemctl start docker), or correct stack.docker in lastgood.yml",
    );
  if (ended.exitCode !== 0 && NO_COMPOSE.test(ended.stderr))
    return problem(
      "missing",
      `docker on ${host} has no Compose v2: ${lastWords(ended)}`,
      "install the package docker-compose-plugin, then see whether docker compose version works",
    );
  return ok(ended);
}

const NO_ENGINE =
  /Cannot connect to the Docker daemon|error during connect|permission denied while trying to connect|failed to connect to the docker API/i;
const NO_COMPOSE =
  /'compose' is not a docker command|unknown command: docker compose|unknown shorthand flag: 'p' in -p/;

/** The words of a command before its options: `compose up`, without values that may be long. */
function verb(args: readonly string[]): string {
  const [first = "", ...rest] = args;
  if (!["compose", "image", "container", "network", "volume"].includes(first)) return first;
  const known = /^(up|config|build|create|inspect|pull|tag|rm|ls|exec|prune|connect|disconnect)$/;
  return [first, rest.find((word) => known.test(word)) ?? ""].join(" ").trim();
}

/** The end of what it said, for people, in one line. Not redacted: the caller knows the secrets. */
export function lastWords({ stderr, stdout }: Finished): string {
  const lines = (stderr.trim() === "" ? stdout : stderr).split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "" && !/level=warning/.test(line)).slice(-LAST_WORDS);
  return said.length === 0 ? "it said nothing" : said.join("; ");
}
