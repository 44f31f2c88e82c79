// Probes of what the app needs and Lastgood does not deploy: is the payment provider up?
import { z } from "zod";
import type { Observation } from "../../../core/detect/finding.ts";
import type { Json } from "../../../core/json.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { SignalEvent } from "../../../core/signals/event.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { Batch, Signals } from "../../../ports/signals.ts";
import { numberAt, polled } from "../polled.ts";

export type Dependency = {
  /** What people call it: `stripe`. */
  readonly name: string;
  /** A page that answers when it is well, or an address that takes connections. */
  readonly at: { readonly url: string } | { readonly host: string; readonly port: number };
  /** Statuses that mean well; none: anything below 500, because a page that wants a key answers 401 and is up. */
  readonly expect: readonly number[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
};

export type DependencyDeps = {
  readonly http: HttpClient;
  /** Opens a connection and closes it. */
  readonly connect: (host: string, port: number, timeoutMs: number) => Promise<Result<void>>;
  readonly clock: Clock;
};

/** This many failures in a row are an outage, and as many good answers its end: a single one may be ours. */
const looks = 3;
const internalError = 500;

type Probe = { readonly ok: boolean; readonly status: number; readonly ms: number; readonly why: string };
const position = z.object({ down: z.boolean(), against: z.number() });

/**
 * Observations are of no release (`release` is ""), of the client `probe`, with the dependency's name as route. A
 * dependency that does not answer is no blindness: that is what this source is there to see.
 */
export function dependencySignals(config: Dependency, deps: DependencyDeps): Signals {
  const poll = polled<Probe>(
    { intervalMs: config.intervalMs, question: () => probe(config, deps) },
    deps.clock,
  );
  return {
    name: `dependency:${config.name}`,
    about: "dependency",
    hurry: poll.hurry,
    position: async () => ok({ run: poll.run, number: poll.newest()?.number ?? 0, down: false, against: 0 }),
    async observe(from): Promise<Result<Batch>> {
      poll.ask();
      let number = numberAt(from, poll.run);
      let { down, against } = stateAt(from);
      const observations: Observation[] = [];
      const events: SignalEvent[] = [];
      for (const one of poll.after(number)) {
        number = one.number;
        if (!one.answer.ok) continue;
        const seen = one.answer.value;
        observations.push(observationOf(config.name, seen, one.at));
        against = seen.ok === down ? against + 1 : 0;
        if (against < looks) continue;
        down = !down;
        against = 0;
        events.push(eventOf(config.name, seen, one.at));
      }
      const next = { run: poll.run, number, down, against };
      return ok({ observations, events, next, unparsed: 0, blind: null });
    },
  };
}

function stateAt(from: Json): { readonly down: boolean; readonly against: number } {
  const known = position.safeParse(from);
  return known.success ? known.data : { down: false, against: 0 };
}

function observationOf(route: string, { ok, status, ms }: Probe, at: number): Observation {
  return { at, release: "", ok, client: "probe", route, status, ms };
}

function eventOf(subject: string, seen: Probe, at: number): SignalEvent {
  if (seen.ok) return { at, kind: "dependency", subject, what: `${subject} answers again`, over: true };
  return { at, kind: "dependency", subject, what: `${subject} does not work: ${seen.why}` };
}

async function probe({ at, expect, timeoutMs }: Dependency, deps: DependencyDeps): Promise<Result<Probe>> {
  const began = deps.clock.elapsed();
  const after = () => deps.clock.elapsed() - began;
  if ("host" in at) {
    const connected = await deps.connect(at.host, at.port, timeoutMs);
    return ok({
      ok: connected.ok,
      status: 0,
      ms: after(),
      why: connected.ok ? "" : connected.error.what,
    });
  }
  const answer = await deps.http.request({ method: "GET", url: at.url, timeoutMs });
  if (!answer.ok) return ok({ ok: false, status: 0, ms: after(), why: answer.error.what });
  const { status } = answer.value;
  const well = expect.length === 0 ? status < internalError : expect.includes(status);
  return ok({ ok: well, status, ms: after(), why: well ? "" : `it answered ${status}` });
}
