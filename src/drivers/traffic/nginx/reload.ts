// Switching nginx by its upstream block and a reload: tested before, proved after, put back where it fails.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import { act } from "../target/act.ts";
import { addressOf } from "../target/address.ts";
import { goneOr, moveNext, nextName, sweepNext } from "../target/next.ts";
import type { RouteRecord } from "../target/records.ts";
import type { Mechanism } from "../target/switch.ts";
import { askNginx } from "./ask.ts";
import type { NginxDeps } from "./link.ts";
import { type NginxConfig, nginxPaths } from "./place.ts";
import { testText, upstreamConf } from "./text.ts";
import { workersOf } from "./workers.ts";

/** From the reload until every worker is a new one; a switch has 10 s, and the way back must fit in too. */
const proveMs = 4_000;
const provePollMs = 20;

export function reloadMechanism(config: NginxConfig, deps: NginxDeps): Mechanism {
  const paths = nginxPaths(config.folder, config.name);
  const next = (op: Op, record: RouteRecord) => join(paths.own, nextName(op, record));

  return {
    name: "nginx",
    async live() {
      const says = await askNginx(config, deps.http);
      return says.ok ? ok(says.value.seq) : says;
    },
    sweep: () => sweepNext(paths.own, deps),
    async prepare(op, record) {
      const text = confOf(config, record);
      if (!text.ok) return text;
      // A reload takes everything that stands in the files, also what a person left half done.
      const whole = await test(config, deps, op);
      if (!whole.ok) return whole;
      const written = await deps.files.replace(next(op, record), text.value, 0o644);
      return written.ok ? testAlone(config, deps, op, record) : written;
    },
    async commit(op, record) {
      const placed = config.inPlace
        ? await copyNext(next(op, record), paths.conf, deps, op)
        : await moveNext(next(op, record), paths.conf, deps, op);
      if (!placed.ok) return placed;
      const synced = await act(deps.host, op, ["sync", config.folder, paths.conf]);
      return synced.ok ? ok(undefined) : synced;
    },
    prove: (op, record, still) => reloadAndProve(config, deps, op, { seq: record.seq, still }),
  };
}

function confOf(config: NginxConfig, record: RouteRecord): Result<string> {
  const { seq, backend } = record;
  const address = backend === null ? ok(null) : addressOf(backend, false);
  if (!address.ok) return address;
  return ok(upstreamConf(config, { seq, release: backend?.release ?? "", address: address.value }, record));
}

export async function test(config: NginxConfig, { host }: NginxDeps, op: Op): Promise<Result<void>> {
  const tested = await act(host, op, [...config.commands.nginx, "-t"]);
  if (tested.ok) return ok(undefined);
  const what = `nginx's configuration does not pass its test: ${tested.error.what}`;
  return problem(
    "refused",
    what,
    "correct it (nginx -t), then try again; nothing was changed",
    config.folder,
  );
}

/** The candidate in a configuration of its own, before any nginx that serves can come across it. */
async function testAlone(
  config: NginxConfig,
  deps: NginxDeps,
  op: Op,
  record: RouteRecord,
): Promise<Result<void>> {
  const name = `test-${nextName(op, record)}`;
  const outside = join(nginxPaths(config.folder, config.name).own, name);
  const inside = join(nginxPaths(config.folderInside, config.name).own, name);
  const candidate = join(nginxPaths(config.folderInside, config.name).own, nextName(op, record));
  const written = await deps.files.replace(outside, testText(candidate), 0o644);
  if (!written.ok) return written;
  const tested = await act(deps.host, op, [...config.commands.nginx, "-t", "-c", inside]);
  const removed = await deps.files.remove(outside);
  if (!removed.ok) return removed;
  if (tested.ok) return ok(undefined);
  const what = `nginx does not take the new route: ${tested.error.what}`;
  return problem("refused", what, "see what nginx says of the address; nothing was changed", config.folder);
}

/** Into the file that is there: the mount of a single file stays with its inode. */
async function copyNext(from: string, to: string, deps: NginxDeps, op: Op): Promise<Result<void>> {
  const copied = await act(deps.host, op, ["cp", "--", from, to]);
  return copied.ok ? deps.files.remove(from) : goneOr(copied, from, deps);
}

/** The signal succeeds whatever comes of it: only workers that answer with the new number prove anything. */
async function reloadAndProve(
  config: NginxConfig,
  deps: NginxDeps,
  op: Op,
  { seq, still }: { readonly seq: number; readonly still: number | null },
): Promise<Result<void>> {
  const { host, clock, http } = deps;
  const tested = await act(host, op, [...config.commands.nginx, "-t"]);
  if (!tested.ok) return tested;
  const says = await askNginx(config, http);
  if (!says.ok) return says;
  const before = await workersOf(host, config.commands, says.value.pid);
  if (!before.ok) return before;
  const reloaded = await act(host, op, [...config.commands.nginx, "-s", "reload"]);
  if (!reloaded.ok) return reloaded;
  const until = clock.elapsed() + proveMs;
  for (;;) {
    const now = await askNginx(config, http);
    if (now.ok && now.value.seq === still) return ok(undefined);
    if (now.ok && now.value.seq === seq) {
      const workers = await workersOf(host, config.commands, now.value.pid);
      if (workers.ok && !workers.value.active.some((pid) => before.value.active.includes(pid)))
        return ok(undefined);
    }
    if (clock.elapsed() >= until || op.signal.aborted) return notReloaded(config, op);
    await clock.sleep(provePollMs, op.signal);
  }
}

function notReloaded(config: NginxConfig, op: Op): Result<never> {
  if (op.signal.aborted)
    return problem("cancelled", "waiting for nginx's reload was called off", "look at the route");
  return problem(
    "failed",
    `nginx passed its test, but goes on with its old configuration ${proveMs / 1_000} s after the reload`,
    "look into nginx's error log: a port in use or a certificate are the usual reasons",
    config.folder,
  );
}
