// lastgood status: is production all right and since when; what can be undone, and what it takes.
import type { Finding } from "../core/detect/finding.ts";
import type { EnvState } from "../core/env-state.ts";
import { limits } from "../core/limits.ts";
import { envState, estimateMs } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { lastGood, newestFirst } from "../core/view/releases.ts";
import { runData } from "../core/view/run-data.ts";
import type { App, Site } from "./app.ts";
import { openRun } from "./open-run.ts";
import { answersFor, lookAtServices, routedTo } from "./serving.ts";

export async function status(app: App, input: { readonly env: string | null }): Promise<Outcome> {
  const sites = [...app.sites.values()].filter(
    (site) => input.env === null || site.settings.env === input.env,
  );
  if (sites.length === 0) {
    const known = [...app.sites.keys()].join(", ");
    const problem = {
      code: "usage" as const,
      what: `no environment "${input.env}"`,
      next: `lastgood.yml has: ${known}.`,
    };
    return {
      verb: "status",
      env: input.env,
      outcome: "usage",
      what: problem.what,
      means: "",
      next: problem.next,
      problem,
      data: {},
    };
  }
  const environments = await Promise.all(sites.map((site) => environment(app, site)));
  const bad = environments.find((one) => !one.well);
  const what = bad ? bad.headline : (environments[0]?.headline ?? "");
  const next = bad?.next ?? "Nothing to do.";
  const data = { controller: app.deps.holder.pid, environments: environments.map(({ data }) => data) };
  return { verb: "status", env: input.env, outcome: "done", what, means: "", next, problem: null, data };
}

async function environment(app: App, site: Site) {
  const state = app.deps.ledger.state();
  const { env: name, publicUrl } = site.settings;
  const env = envState(state, name);
  const looked = await lookAtServices(site.world, env);
  const now = looked.ok ? looked.value : [];
  const live = now.flatMap((one) => one.live);
  const serving = site.world.rollout ? env.serving : routedTo(now);
  const release = serving === null ? null : (env.releases[serving]?.release ?? null);
  const answers = release !== null && (site.world.rollout ? live.length > 0 : answersFor(release, now));
  const finding = app.watching.live.get(name) ?? env.watch?.finding ?? null;
  const run = openRun(app, name);
  const good = lastGood(env, serving);
  const verdict = judge({
    name,
    env,
    answers,
    edge: looked.ok,
    finding,
    paused: run?.status === "paused" ? (run.why?.what ?? "") : null,
  });
  const version = release?.version ?? serving;
  const data = {
    env: name,
    url: publicUrl,
    serving,
    version,
    since: env.servingSince,
    answers,
    well: verdict.well,
    headline: verdict.headline,
    next: verdict.next,
    held: looked.ok ? now.some((one) => one.route?.held === true) : null,
    watch: env.watch
      ? {
          release: env.watch.release,
          after: env.watch.after,
          startedAt: env.watch.startedAt,
          forMs: env.watch.forMs,
          finding,
          streams: [...(app.watching.streams.get(name) ?? [])],
        }
      : null,
    vigil: vigilOf(app, name, env),
    sources: (app.watching.sources.get(name) ?? []).map((one) => ({ ...one })),
    run: run && run.status !== "ended" ? runData(run) : null,
    lastGood: good
      ? {
          release: good.release.id,
          version: good.release.version,
          warm: live.some((one) => one.release === good.release.id),
        }
      : null,
    rollbackMs: estimateMs(state, "plan:rollback"),
    running: live.map(({ id, service, release, url }) => ({ instance: id, service, release, url })),
    quarantine: Object.values(env.quarantine).map((one) => ({ ...one })),
    releases: newestFirst(env)
      .slice(0, limits.keepGoodReleases)
      .map((one) => ({
        release: one.release.id,
        version: one.release.version,
        goodAt: one.goodAt,
        servedAt: one.servedAt,
      })),
  };
  return { ...verdict, data };
}

/** Listening outside of watches: since when, with which chance of a false alarm, and what each stream says. */
function vigilOf(app: App, name: string, { vigil }: EnvState) {
  if (!vigil?.open) return null;
  const { startedAt, forMs, alpha, found, going } = vigil;
  const streams = [...(app.watching.vigils.get(name) ?? [])];
  return { startedAt, forMs, alpha, found: [...found], going: [...going], streams };
}

type Seen = {
  readonly name: string;
  readonly env: EnvState;
  readonly answers: boolean;
  readonly edge: boolean;
  readonly finding: Finding | null;
  readonly paused: string | null;
};

/** One sentence, the worst first. */
function judge({ name, env, answers, edge, finding, paused }: Seen): {
  well: boolean;
  headline: string;
  next: string;
} {
  if (env.serving === null)
    return { well: true, headline: `${name}: nothing was deployed yet.`, next: "lastgood deploy <version>" };
  if (!edge)
    return {
      well: false,
      headline: `${name}: the edge does not answer.`,
      next: "lastgood serve starts it again; so does any deploy or rollback.",
    };
  if (!answers)
    return {
      well: false,
      headline: `${name}: ${env.serving} serves nobody: it is not running.`,
      next: "lastgood rollback, or lastgood serve to start it again.",
    };
  if (paused !== null)
    return {
      well: false,
      headline: `${name}: a run waits for a person: ${paused}`,
      next: "lastgood rollback goes to last good; lastgood lock break gives it up as it is.",
    };
  if (finding?.outcome === "bad")
    return {
      well: false,
      headline: `${name}: ${env.serving} is bad: ${finding.why}`,
      next: "lastgood rollback",
    };
  if (env.watch === null)
    return { well: true, headline: `${name}: ${env.serving} serves.`, next: "Nothing to do." };
  return {
    well: true,
    headline: `${name}: ${env.serving} serves and is being watched: ${finding?.why ?? "nothing was seen yet"}`,
    next: "Nothing to do.",
  };
}
