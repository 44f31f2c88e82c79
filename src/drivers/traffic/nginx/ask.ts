// What nginx says of itself through the port that users use.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { NginxConfig } from "./place.ts";
import { askPath } from "./text.ts";

export type NginxSays = {
  /** Number of the change that the answering worker follows. */
  readonly seq: number;
  /** The worker, as nginx numbers it. */
  readonly pid: number;
  /** Requests under way in all of nginx, this question included; null where it was not told. */
  readonly writing: number | null;
};

const askMs = 2_000;
const releaseHeader = "x-lastgood-release";

export async function askNginx(config: NginxConfig, http: HttpClient): Promise<Result<NginxSays>> {
  const answer = await get(config, http, askPath(config.name), askMs);
  if (!answer.ok) return answer;
  const [, seq, pid, writing] =
    /^lastgood seq=(\d+) pid=(\d+)(?: writing=(\d+))?\n$/.exec(answer.value.body) ?? [];
  if (answer.value.status === 200 && seq !== undefined) {
    return ok({
      seq: Number(seq),
      pid: Number(pid),
      writing: writing === undefined ? null : Number(writing),
    });
  }
  return problem(
    "config",
    `nginx at ${config.url} does not know our files yet (${askPath(config.name)} gave ${answer.value.status})`,
    includeLines(config),
    config.url,
  );
}

/** What a person adds to their configuration once. */
export function includeLines({ folderInside, name }: NginxConfig): string {
  const file = `${folderInside}/${name}`;
  return `add to nginx's configuration, once, then reload it: in http { include ${file}.conf; } in server { include ${file}.server; } and in its location, instead of proxy_pass: include ${file}.location;`;
}

export async function whoAnswers(config: NginxConfig, http: HttpClient, path: string, timeoutMs: number) {
  const answer = await get(config, http, path, timeoutMs);
  if (!answer.ok) return answer;
  return ok({ release: answer.value.headers[releaseHeader] ?? null, status: answer.value.status });
}

function get({ url, hostHeader }: NginxConfig, http: HttpClient, path: string, timeoutMs: number) {
  const headers = hostHeader === null ? {} : { headers: { host: hostHeader } };
  return http.request({ method: "GET", url: new URL(path, url).href, timeoutMs, ...headers });
}
