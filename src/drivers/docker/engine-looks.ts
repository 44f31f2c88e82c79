// The quick way to look at containers and images: the engine's own API over its socket, without starting a client.
import { z } from "zod";
import { parseJson } from "../../core/json.ts";
import { problem, type Result } from "../../core/result.ts";
import type { HttpClient } from "../../ports/http-client.ts";

/**
 * `null`: not to be had this way; then the client is asked, who knows contexts, other hosts, and the words for what is
 * wrong. A problem: the engine has had its time, and the client would wait as long again.
 */
export type EngineLooks = {
  /** Ids of all containers with these labels, running or not. */
  ids(wanted: Readonly<Record<string, string>>): Promise<Result<readonly string[]> | null>;
  /** Lines of JSON, as `docker container inspect` writes them; without what is not there. */
  containers(ids: readonly string[]): Promise<Result<string> | null>;
  images(ids: readonly string[]): Promise<Result<string> | null>;
};

const answerMs = 30_000;
const ok200 = 200;
const notFound = 404;
const listed = z.array(z.looseObject({ Id: z.string() }));

/** `socketOf`: the socket of the engine that the client would talk to; null where it is not known to be one. */
export function engineLooks(http: HttpClient, socketOf: () => Promise<string | null>): EngineLooks {
  const get = async (path: string): Promise<Result<string> | null> => {
    const socket = await socketOf();
    if (socket === null) return null;
    const url = `http://docker${path}`;
    const answer = await http.request({ method: "GET", url, socketPath: socket, timeoutMs: answerMs });
    if (!answer.ok) return answer.error.code === "timeout" ? tooSlow : null;
    if (answer.value.status === notFound) return { ok: true, value: "" };
    return answer.value.status === ok200 ? { ok: true, value: answer.value.body } : null;
  };
  const inspect = async (kind: "containers" | "images", ids: readonly string[]) => {
    const all = await Promise.all(ids.map((id) => get(`/${kind}/${encodeURIComponent(id)}/json`)));
    const bodies: string[] = [];
    for (const one of all) {
      if (one === null || !one.ok) return one;
      bodies.push(one.value.trim());
    }
    return { ok: true, value: bodies.join("\n") } as const;
  };
  return {
    async ids(wanted) {
      const label = Object.entries(wanted).map(([name, value]) => `${name}=${value}`);
      const filters = encodeURIComponent(JSON.stringify({ label }));
      const answer = await get(`/containers/json?all=true&filters=${filters}`);
      if (answer === null || !answer.ok) return answer;
      // A list that was cut, because it is longer than the client takes, is no JSON.
      const found = listed.safeParse(parseJson(answer.value));
      return found.success ? { ok: true, value: found.data.map(({ Id }) => Id) } : null;
    },
    containers: (ids) => inspect("containers", ids),
    images: (ids) => inspect("images", ids),
  };
}

const tooSlow = problem(
  "timeout",
  `the docker engine did not answer within ${answerMs / 1_000} s`,
  "see whether the docker engine answers: docker ps",
);
