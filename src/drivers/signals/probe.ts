// Signals from our own health requests: one at a time, one each interval, as observations of client "probe".
import { z } from "zod";
import type { Observation } from "../../core/detect/finding.ts";
import type { Json } from "../../core/json.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { HttpClient } from "../../ports/http-client.ts";
import type { Batch, Signals } from "../../ports/signals.ts";

export type ProbeConfig = {
  /** Where an environment has several; `probe` otherwise. */
  readonly name?: string;
  /** Release id that the observations are about. */
  readonly release: string;
  /** Where it answers now, e.g. `http://127.0.0.1:4711`; null while no instance of it runs (a failed probe). */
  url(): Promise<string | null>;
  readonly path: string;
  readonly intervalMs: number;
  /** No answer in this time is a failed probe. */
  readonly timeoutMs: number;
};

/** When the next probe is due, on the monotonic clock of one boot: after a reboot it is due at once. */
const position = z.strictObject({ boot: z.string(), dueMs: z.number() });

/**
 * An observation waits for nobody: `observe` starts a probe when one is due and returns the result of a
 * former one when it is there. Missed intervals are not made up for. A probe that is under way when the
 * controller dies is not counted.
 */
export function probeSignals(
  config: ProbeConfig,
  { http, clock }: { readonly http: HttpClient; readonly clock: Clock },
): Signals {
  let underWay = false;
  let result: Observation | null = null;
  let bug: Error | null = null;

  async function probe(): Promise<void> {
    const [at, began] = [clock.now(), clock.elapsed()];
    const status = await ask(config, http);
    const ms = clock.elapsed() - began;
    const good = status >= 200 && status < 400;
    result = { at, release: config.release, ok: good, client: "probe", route: config.path, status, ms };
  }

  function due(from: Json): number {
    const known = position.safeParse(from);
    return known.success && known.data.boot === clock.bootId() ? known.data.dueMs : clock.elapsed();
  }

  return {
    name: config.name ?? "probe",
    about: "probes",
    position: async () => ok({ boot: clock.bootId(), dueMs: clock.elapsed() }),
    async observe(from): Promise<Result<Batch>> {
      if (bug) throw bug;
      const observations = result === null ? [] : [result];
      result = null;
      let dueMs = due(from);
      if (!underWay && clock.elapsed() >= dueMs) {
        underWay = true;
        dueMs = clock.elapsed() + config.intervalMs;
        void probe()
          .catch((error: Error) => {
            bug = error;
          })
          .finally(() => {
            underWay = false;
          });
      }
      return ok({ observations, next: { boot: clock.bootId(), dueMs }, unparsed: 0, blind: null });
    },
  };
}

/** The status, or 0 where nobody answered. */
async function ask(config: ProbeConfig, http: HttpClient): Promise<number> {
  const url = await config.url();
  if (url === null) return 0;
  const { path, timeoutMs } = config;
  const answer = await http.request({ method: "GET", url: new URL(path, url).href, timeoutMs });
  return answer.ok ? answer.value.status : 0;
}
