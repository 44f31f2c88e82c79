// What happened to containers: deaths that nobody asked for, memory that ran out, health checks that fail.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { SignalEvent } from "../../../core/signals/event.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Host } from "../../../ports/host.ts";
import type { Batch, Signals } from "../../../ports/signals.ts";
import { askText } from "../../checks/ask.ts";
import { numberAt, polled } from "../polled.ts";
import { type Fate, isFollowed, type Lives, told } from "./container-deaths.ts";
import type { EventReader } from "./docker-events.ts";

export type ContainerStateConfig = {
  /** Sets of labels, as `name=value`: what carries all of a set is followed. */
  readonly labels: readonly (readonly string[])[];
  readonly intervalMs: number;
};

export type ContainerStateDeps = {
  readonly engine: EventReader;
  /** Runs docker's client, for what becomes of a container that has died. */
  readonly host: Host;
  readonly clock: Clock;
};

/** Events that are kept for whoever reads later. */
const kept = 500;
const position = z.object({ nano: z.string().regex(/^\d{10,20}$/) });

type Look = { readonly unparsed: number };

/**
 * Follows what the engine itself remembers (its newest 256 events), so what happened while no controller ran is told by
 * the next one. What was stopped or killed through the engine, one-off containers, and jobs that end well are not told.
 */
export function containerSignals(config: ContainerStateConfig, deps: ContainerStateDeps): Signals {
  const { clock, engine } = deps;
  const lives: Lives = new Map();
  const known: { readonly nano: string; readonly event: SignalEvent }[] = [];
  let readTo = nanoOf(clock.now());
  let begun = false;

  const poll = polled<Look>({ intervalMs: config.intervalMs, question: () => look() }, clock);

  async function look(): Promise<Result<Look>> {
    begun = true;
    const found = await engine.since(readTo);
    if (!found.ok) return found;
    const fresh: typeof known = [];
    for (const [i, event] of found.value.events.entries()) {
      if (!isFollowed(event, config.labels)) continue;
      // One that came back may have died again since, for good.
      const later = found.value.events.slice(i + 1).filter(({ id }) => id === event.id);
      const cameBack = later.some(({ action }) => action === "start");
      const said = await told(event, lives, async (id) => {
        const fate = await fateOf(id, deps.host);
        return { ...fate, isBack: fate.isBack || cameBack };
      });
      if (said !== null) fresh.push({ nano: event.nano, event: said });
    }
    // At once: whoever observes meanwhile must not be told that all was read to here, and not get it.
    readTo = found.value.events.at(-1)?.nano ?? readTo;
    known.push(...fresh);
    known.splice(0, known.length - kept);
    return ok({ unparsed: found.value.unparsed });
  }

  return {
    name: "state:containers",
    about: "state",
    async position() {
      const now = nanoOf(clock.now());
      return ok({
        nano: earlier(readTo, now) ? now : readTo,
        run: poll.run,
        number: poll.newest()?.number ?? 0,
      });
    },
    async observe(from): Promise<Result<Batch>> {
      const read = position.safeParse(from);
      const at = read.success ? read.data.nano : readTo;
      // A controller before this one had read less far: what happened since is still to be told.
      if (!begun && earlier(at, readTo)) readTo = at;
      poll.ask();
      const answers = poll.after(numberAt(from, poll.run));
      const unparsed = answers.reduce((sum, { answer }) => sum + (answer.ok ? answer.value.unparsed : 0), 0);
      const events = known.filter(({ nano }) => earlier(at, nano)).map(({ event }) => event);
      const newest = poll.newest();
      const next = { nano: earlier(at, readTo) ? readTo : at, run: poll.run, number: newest?.number ?? 0 };
      const blind = newest?.answer.ok === false ? newest.answer.error.what : null;
      return ok({ observations: [], events, next, unparsed, blind });
    },
  };
}

function nanoOf(ms: number): string {
  return `${Math.floor(ms)}000000`;
}

function earlier(one: string, other: string): boolean {
  return BigInt(one) < BigInt(other);
}

const inspected = z.object({
  State: z.object({ OOMKilled: z.boolean(), Running: z.boolean(), Restarting: z.boolean() }),
  HostConfig: z.object({ Memory: z.number() }),
});

/** One that cannot be looked at any more is gone. The engine settles what it will do before it tells of the death. */
async function fateOf(id: string, host: Host): Promise<Fate> {
  const argv = ["docker", "container", "inspect", "--format", "{{json .}}", id] as const;
  const text = await askText(host, argv, new AbortController().signal);
  const read = text.ok ? inspected.safeParse(parseJson(text.value)) : null;
  if (!read?.success) return { isBack: false, outOfMemory: false, memoryBytes: 0 };
  const { OOMKilled, Running, Restarting } = read.data.State;
  const memoryBytes = read.data.HostConfig.Memory;
  return { isBack: Running || Restarting, outOfMemory: OOMKilled, memoryBytes };
}
