// The script that brings last good back when Lastgood is gone: written again whenever last good changes.
import { appIn, releaseIn, scriptOf } from "../core/break-glass/script.ts";
import type { Kept } from "../core/break-glass/steps.ts";
import { wordsOf } from "../core/break-glass/words.ts";
import type { Release } from "../core/release.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { lastGood } from "../core/view/releases.ts";
import type { Files } from "../ports/files.ts";
import { type App, type Site, site } from "./app.ts";
import type { GlassCase } from "./care.ts";

export type Written = {
  readonly script: string;
  readonly release: Release;
  readonly text: string;
  readonly words: string;
};

const verb = "break-glass";

export async function breakGlass(app: App, { env }: { readonly env: string }): Promise<Outcome> {
  const found = site(app, env);
  if (!found.ok) return stopped(verb, env, found.error);
  const good = newestGood(app, found.value);
  const glass = app.care(env).glass;
  if (!good || !glass) return stopped(verb, env, nothingGood);
  const written = await write(app, found.value, glass, good);
  if (!written.ok) return stopped(verb, env, written.error);
  const { script, text, words } = written.value;
  return {
    verb,
    env,
    outcome: "done",
    what: `${script} brings ${good.version} back, with Lastgood and Node gone.`,
    means: "Nothing that serves was changed.",
    next: `sh ${script} --words says what it would do. Keep a copy, and a printed one.`,
    problem: null,
    data: { script, release: good.id, version: good.version, text, words },
  };
}

const nothingGood = {
  code: "refused" as const,
  what: "no release has passed its watch yet, so there is nothing to bring back",
  next: "lastgood deploy <version>; the script is written when its watch ends well.",
};

/** After a release became good, or stopped being it. Nothing is done where the script is right already. */
export async function refreshBreakGlass(app: App, site: Site): Promise<Result<void>> {
  const good = newestGood(app, site);
  const glass = app.care(site.settings.env).glass;
  if (!good || !glass) return ok(undefined);
  const there = await glass.files.read(scriptPath(glass, site));
  if (there.ok && releaseIn(there.value.toString("utf8")) === good.id) return ok(undefined);
  const written = await write(app, site, glass, good);
  return written.ok ? ok(undefined) : written;
}

function newestGood(app: App, { settings }: Site): Release | null {
  return lastGood(envState(app.deps.ledger.state(), settings.env))?.release ?? null;
}

function scriptPath({ folder }: GlassCase, { settings }: Site): string {
  return `${folder}/${settings.env}.sh`;
}

/** First what the script needs, then the script in one piece, then what the former one needed may go. */
async function write(app: App, site: Site, glass: GlassCase, release: Release): Promise<Result<Written>> {
  const { settings } = site;
  const { files, folder } = glass;
  const script = scriptPath(glass, site);
  const there = await files.read(script);
  if (there.ok && appIn(there.value.toString("utf8")) !== settings.app) return othersScript(script);
  const byHand = await glass.driver.byHand(release);
  if (!byHand.ok) return byHand;
  const kept = `${folder}/${settings.env}/${release.id}`;
  for (const one of byHand.value.keep) {
    const done = await keep(files, kept, one);
    if (!done.ok) return done;
  }
  const writtenAt = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "UTC",
    dateStyle: "short",
    timeStyle: "short",
  });
  const text = {
    app: settings.app,
    env: settings.env,
    version: release.version,
    release: release.id,
    writtenAt: writtenAt.format(app.deps.clock.now()),
    byHand: byHand.value,
  };
  const written = await files.replace(script, scriptOf(text), 0o700);
  if (!written.ok) return written;
  await prune(files, `${folder}/${settings.env}`, release.id);
  return ok({ script, release, text: scriptOf(text), words: wordsOf(text) });
}

/** Trees are copied once: a release's files never change. */
async function keep(files: Files, folder: string, kept: Kept): Promise<Result<void>> {
  const path = `${folder}/${kept.name}`;
  if ("text" in kept) return files.replace(path, kept.text, 0o600);
  const there = await files.stat(path);
  if (!there.ok) return there;
  return there.value === null ? files.copy(kept.from, path) : ok(undefined);
}

/** What cannot be removed is in nobody's way: the script names its own folder. */
async function prune(files: Files, folder: string, release: string): Promise<void> {
  const names = await files.list(folder);
  for (const name of names.ok ? names.value : [])
    if (name !== release) await files.remove(`${folder}/${name}`);
}

function othersScript(path: string): Result<never> {
  return problem(
    "conflict",
    `${path} belongs to another app`,
    "Give each app a folder of its own for its state: in lastgood.yml.",
    path,
  );
}
