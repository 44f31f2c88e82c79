// Switching nginx without a reload: it reads a link for each request, and a rename moves the link.
//
// The path that the link leads to says it all: routes/<seq>/<release>/<host:port>. No worker is replaced, so no
// connection is reset; the next request of every worker follows.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { Op } from "../../../ports/op.ts";
import { act, type Target } from "../target/act.ts";
import { addressOf } from "../target/address.ts";
import { moveNext, nextName, openFolders, sweepNext } from "../target/next.ts";
import type { RouteRecord } from "../target/records.ts";
import type { Mechanism } from "../target/switch.ts";
import { askNginx } from "./ask.ts";
import { type NginxConfig, nginxPaths } from "./place.ts";

export type NginxDeps = Target & { readonly http: HttpClient; readonly clock: Clock };

/** Stands where there is no release, or no address: a path cannot have an empty part. */
export const noRelease = "-";
const nobody = "none";
const proveMs = 3_000;
const provePollMs = 20;

export function linkMechanism(config: NginxConfig, deps: NginxDeps): Mechanism {
  const paths = nginxPaths(config.folder, config.name);
  const { host, files } = deps;

  return {
    name: "nginx",
    async live() {
      const says = await askNginx(config, deps.http);
      return says.ok ? ok(says.value.seq) : says;
    },
    sweep: () => sweepNext(paths.own, deps),
    async prepare(op, record) {
      const route = await makeRoute(config, deps, op, record);
      if (!route.ok) return route;
      const made = await act(host, op, [
        "ln",
        "-s",
        "--",
        route.value,
        join(paths.own, nextName(op, record)),
      ]);
      return made.ok ? ok(undefined) : made;
    },
    async commit(op, record) {
      const moved = await moveNext(join(paths.own, nextName(op, record)), paths.current, deps, op);
      if (!moved.ok) return moved;
      const synced = await act(host, op, ["sync", paths.own, paths.routes]);
      if (!synced.ok) return synced;
      return files.remove(join(paths.routes, String(record.seq - keepRoutes)));
    },
    prove: (op, record) => prove(config, deps, op, record),
  };
}

/** Requests that read the link before it moved may still look at where it led. */
const keepRoutes = 8;

/** Makes the file that the link is to lead to; its path from our folder on, which is right inside a container too. */
export async function makeRoute(
  config: NginxConfig,
  deps: Target,
  op: Op,
  { seq, backend }: Pick<RouteRecord, "seq" | "backend">,
): Promise<Result<string>> {
  const address =
    backend === null
      ? ok(config.initial !== null && seq === 0 ? config.initial : nobody)
      : addressOf(backend, true);
  if (!address.ok) return address;
  const { routes } = nginxPaths(config.folder, config.name);
  // `none` stands one level higher: the pattern for an address finds nothing there.
  const parts = address.value === nobody ? [String(seq)] : [String(seq), backend?.release ?? noRelease];
  const folders = parts.map((_, i) => join(routes, ...parts.slice(0, i + 1)));
  const made = await openFolders(deps, op, folders);
  if (!made.ok) return made;
  const written = await deps.files.replace(join(routes, ...parts, address.value), "", 0o644);
  return written.ok ? ok(join("routes", ...parts, address.value)) : written;
}

async function prove(
  config: NginxConfig,
  deps: NginxDeps,
  op: Op,
  { seq }: RouteRecord,
): Promise<Result<void>> {
  const until = deps.clock.elapsed() + proveMs;
  for (;;) {
    const says = await askNginx(config, deps.http);
    if (says.ok && says.value.seq === seq) return ok(undefined);
    if (deps.clock.elapsed() >= until || op.signal.aborted) {
      return problem(
        "failed",
        says.ok ? `nginx does not follow the link: it is at ${says.value.seq}, not ${seq}` : says.error.what,
        "check that nginx sees the same folder as Lastgood (folder and folderInside)",
        config.folder,
      );
    }
    await deps.clock.sleep(provePollMs, op.signal);
  }
}
