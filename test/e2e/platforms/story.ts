// The same story on every platform: a good release goes out and is proven good, a bad one goes out and goes back by itself.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Site } from "../../../src/app/app.ts";
import { deploy } from "../../../src/app/deploy.ts";
import { readConfig } from "../../../src/compose/load.ts";
import { thisMachine } from "../../../src/compose/machine.ts";
import { type Opened, openApp } from "../../../src/compose/open.ts";
import { servicesOf } from "../../../src/core/release.ts";
import type { Outcome } from "../../../src/core/view/outcome.ts";
import { knownReleases } from "../../../src/core/view/releases.ts";
import { httpClient } from "../../../src/os/http-client.ts";
import type { Later } from "../../parts/bed.ts";

export type Machine = ReturnType<typeof thisMachine>;

export type Ill = { readonly badEach?: number; readonly brokenAfterMs?: number };

/** `badEach`: each so many-th request but /health fails. `brokenAfterMs`: everything fails, so long after its start. */
export function program(version: string, { badEach = 0, brokenAfterMs = 0 }: Ill = {}): string {
  return `import { createServer } from "node:http";
const begun = Date.now();
let count = 0;
createServer((request, response) => {
  const isBroken = ${brokenAfterMs} > 0 && Date.now() - begun > ${brokenAfterMs};
  const isBad = ${badEach} > 0 && request.url !== "/health" && ++count % ${badEach} === 0;
  response.writeHead(isBroken || isBad ? 500 : 200, { "x-version": "${version}" }).end("${version}");
}).listen(Number(process.env.PORT ?? 8080), () => console.log("ready"));
process.on("SIGTERM", () => process.exit(0));
`;
}

/** v1 is good; one in ten requests of v2 fails; v3 is well when it starts and breaks two seconds later. */
export function writeVersions(folder: string): void {
  const versions: readonly (readonly [string, Ill])[] = [
    ["v1", {}],
    ["v2", { badEach: 10 }],
    ["v3", { brokenAfterMs: 2_000 }],
  ];
  for (const [version, ill] of versions) {
    mkdirSync(join(folder, "versions", version), { recursive: true });
    writeFileSync(join(folder, "versions", version, "main.mjs"), program(version, ill));
  }
}

export async function openWith(
  folder: string,
  text: string,
  later: Later,
  change: Partial<Machine> = {},
): Promise<Opened> {
  const file = join(folder, "lastgood.yml");
  writeFileSync(file, text);
  const read = await readConfig(file);
  if (!read.ok) throw new Error(read.error.what);
  const opened = await openApp(read.value, "test", null, { ...thisMachine(), ...change });
  if (!opened.ok) throw new Error(`${opened.error.what} ${opened.error.next}`);
  later(async () => {
    opened.value.stop();
    await Promise.allSettled([...opened.value.app.watching.following.values()].map((one) => one.end));
    for (const site of opened.value.app.sites.values()) await takeDown(opened.value, site);
    opened.value.close();
  });
  return opened.value;
}

/** Its edges and what it started: tests leave nothing behind. */
async function takeDown({ app }: Opened, { settings, world, end }: Site): Promise<void> {
  const op = { id: "end", epoch: Number.MAX_SAFE_INTEGER, signal: new AbortController().signal };
  await end(op);
  if (world.rollout) return;
  for (const release of knownReleases(app.deps.ledger.state(), settings.env)) {
    for (const service of servicesOf(release)) {
      const all = await world.runtime.instances(service);
      for (const one of all.ok ? all.value : []) await world.runtime.stop(op, one, 1_000);
    }
  }
}

export function send(opened: Opened, version: string): Promise<Outcome> {
  return deploy(opened.app, {
    env: "production",
    version,
    planOnly: false,
    approved: true,
    wait: true,
    lift: null,
    by: "test",
  });
}

/** Many people ask, until told to stop. Returns who answered how often, by version and status; `0`: nobody. */
export function people(url: string) {
  const http = httpClient();
  const seen = new Map<string, number>();
  let isOver = false;
  const one = async (person: number) => {
    for (let visit = 0; !isOver; visit++) {
      const cookie = `sid=person-${person}-${visit % 50}`;
      const answer = await http.request({ method: "GET", url, headers: { cookie }, timeoutMs: 10_000 });
      const key = answer.ok ? `${answer.value.headers["x-version"] ?? "?"} ${answer.value.status}` : "0";
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  };
  const all = Promise.all(Array.from({ length: 8 }, (_, person) => one(person)));
  return {
    async stop(): Promise<Readonly<Record<string, number>>> {
      isOver = true;
      await all;
      return Object.fromEntries(seen);
    },
  };
}

/** v1 to good, then a bad one and back. Nobody goes without an answer, and only the bad one answers wrongly. */
export async function goodThenBad(opened: Opened, url: string, worse = "v2"): Promise<void> {
  const first = await send(opened, "v1");
  expect([first.outcome, first.what, first.problem]).toEqual([first.outcome, first.what, null]);
  const crowd = people(url);
  const env = () => opened.app.deps.ledger.state().envs["production"];
  try {
    await expect
      .poll(() => env()?.releases[env()?.serving ?? ""]?.goodAt ?? null, { timeout: 30_000 })
      .not.toBe(null);
    const bad = await send(opened, worse);
    expect({ outcome: bad.outcome, what: bad.what }).toMatchObject({ outcome: "rolled-back" });
    expect(env()?.serving).toMatch(/^v1-/);
  } catch (error) {
    console.log(JSON.stringify([opened.app.watching.live.get("production"), env()?.lastWatch]));
    throw error;
  } finally {
    const seen = await crowd.stop();
    console.log(JSON.stringify(seen));
    const wrong = Object.keys(seen).filter(
      (key) => !["v1 200", `${worse} 200`, `${worse} 500`].includes(key),
    );
    expect(wrong).toEqual([]);
  }
}
