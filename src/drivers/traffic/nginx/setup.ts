// Our files in an nginx: written where they are missing, renewed where this version writes them otherwise.
import { ok, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import { act } from "../target/act.ts";
import { openFolders } from "../target/next.ts";
import { askNginx } from "./ask.ts";
import { makeRoute, type NginxDeps } from "./link.ts";
import { type NginxConfig, nginxPaths } from "./place.ts";
import { test } from "./reload.ts";
import { linkConf, locationText, serverText, upstreamConf } from "./text.ts";

/** What belongs to no run. */
function setUpOp(): Op {
  return { id: "set-up", epoch: 0, signal: new AbortController().signal };
}

export async function setUp(config: NginxConfig, deps: NginxDeps): Promise<Result<void>> {
  const op = setUpOp();
  const made = await makeMissing(config, deps, op);
  if (!made.ok) return made;
  const changed = await renew(config, deps, op);
  if (!changed.ok) return changed;
  const says = await askNginx(config, deps.http);
  return says.ok ? ok(undefined) : says;
}

async function makeMissing(config: NginxConfig, deps: NginxDeps, op: Op): Promise<Result<void>> {
  const { files, host } = deps;
  const { own, routes, records, current, conf } = nginxPaths(config.folder, config.name);
  const folders = await openFolders(deps, op, [config.folder, own, routes, records]);
  if (!folders.ok) return folders;
  const first = config.switchBy === "link" ? current : conf;
  const there = await files.stat(first);
  if (!there.ok || there.value !== null) return there.ok ? ok(undefined) : there;
  if (config.switchBy === "reload") {
    const route = { seq: 0, release: "", address: config.initial };
    return files.replace(conf, upstreamConf(config, route, null), 0o644);
  }
  const route = await makeRoute(config, deps, op, { seq: 0, backend: null });
  if (!route.ok) return route;
  const linked = await act(host, op, ["ln", "-s", "--", route.value, current]);
  return linked.ok ? ok(undefined) : linked;
}

/** The files that stay the same between changes. New ones are nobody's yet; other ones are loaded at once. */
async function renew(config: NginxConfig, deps: NginxDeps, op: Op): Promise<Result<void>> {
  const { conf, server, location } = nginxPaths(config.folder, config.name);
  const wanted = new Map([
    [server, serverText(config)],
    [location, locationText(config)],
    ...(config.switchBy === "link" ? [[conf, linkConf(config)] as const] : []),
  ]);
  const former = new Map<string, string>();
  for (const [path, text] of wanted) {
    const was = await deps.files.read(path);
    if (!was.ok && was.error.code !== "missing") return was;
    const old = was.ok ? was.value.toString("utf8") : null;
    if (old === text) continue;
    if (old !== null) former.set(path, old);
    const written = await deps.files.replace(path, text, 0o644);
    if (!written.ok) return written;
  }
  if (former.size === 0) return ok(undefined);
  const tested = await test(config, deps, op);
  if (tested.ok) {
    const reloaded = await act(deps.host, op, [...config.commands.nginx, "-s", "reload"]);
    return reloaded.ok ? ok(undefined) : reloaded;
  }
  for (const [path, text] of former) {
    const back = await deps.files.replace(path, text, 0o644);
    if (!back.ok) return back;
  }
  return tested;
}
