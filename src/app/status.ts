// lastgood status: is production all right and since when; what can be undone, and what it takes.
import type { Finding } from "../core/detect/finding.ts";
import type { EnvState } from "../core/env-state.ts";
import { limits } from "../core/limits.ts";
import { envState, estimateMs } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { lastGood, newestFirst } from "../core/view/releases.ts";
import { runData } from "../core/view/run-data.ts";
import type { App, Site } from "./app.ts";
import { openRun } from "./run-plan.ts";

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
  const { env: name, service, publicUrl } = site.settings;
  const env = envState(state, name);
  const [route, instances] = await Promise.all([
    site.world.traffic.now(),
    site.world.runtime.instances(service),
  ]);
  const live = instances.ok ? instances.value.filter((one) => one.state === "running") : [];
  const backend = route.ok ? route.value.backend : null;
  const answers = backend !== null && live.some((one) => one.id === backend.instance);
  const finding = app.watching.live.get(name) ?? env.watch?.finding ?? null;
  const run = openRun(app, name);
  const good = lastGood(env, backend?.release ?? null);
  const verdict = judge({
    name,
    env,
    answers,
    edge: route.ok,
    finding,
    paused: run?.status === "paused" ? (run.why?.what ?? "") : null,
  });
  const version =
    backend === null ? null : (env.releases[backend.release]?.release.version ?? backend.release);
  const data = {
    env: name,
    url: publicUrl,
    serving: backend?.release ?? null,
    version,
    since: env.servingSince,
    answers,
    well: verdict.well,
    headline: verdict.headline,
    next: verdict.next,
    held: route.ok ? route.value.held : null,
    watch: env.watch
      ? {
          release: env.watch.release,
          after: env.watch.after,
          startedAt: env.watch.startedAt,
          forMs: env.watch.forMs,
          finding,
        }
      : null,
    run: run && run.status !== "ended" ? runData(run) : null,
    lastGood: good
      ? {
          release: good.release.id,
          version: good.release.version,
          warm: live.some((one) => one.release === good.release.id),
        }
      : null,
    rollbackMs: estimateMs(state, "plan:rollback"),
    running: live.map((one) => ({ instance: one.id, release: one.release, url: one.url })),
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
