// A release started aside in a compose stack, on a real engine: its settings are turned, and production does not see it.
import { expect, test } from "vitest";
import type { Aim } from "../../../src/core/backups/aim.ts";
import { composeTrials } from "../../../src/drivers/trials/compose.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localFiles } from "../../../src/os/files.ts";
import { until } from "../../os/programs.ts";
import { describeWith } from "../../parts/needs.ts";
import { composeBed, failure, op, SECRET, value } from "../runtime/compose-bed.ts";

const withDocker = await describeWith("docker");
const limitMs = 180_000;

/** Says what it was given, and whether it may write where production writes. */
const TELLS = `
  const { createServer } = require("node:http");
  const { writeFileSync } = require("node:fs");
  let writes = true;
  try { writeFileSync("/shared/note", "x"); } catch { writes = false; }
  const { DATABASE_URL, MAIL, LASTGOOD_TRIAL } = process.env;
  createServer((_, response) => response.end(JSON.stringify({ DATABASE_URL, MAIL, LASTGOOD_TRIAL, writes })))
    .listen(3000);
  process.on("SIGTERM", () => process.exit(0));`;

const aim: Aim = {
  ...{ live: "shop", copy: "shop_drill", mark: "lastgood-try", variables: [], server: null },
  env: { MAIL: "$nowhere" },
};

withDocker("compose trials", () => {
  test("beside production, with the copy, and gone after the next sweep", { timeout: limitMs }, async () => {
    const bed = await composeBed({
      web: `    env_file: [shop.env]\n    volumes: ["shared:/shared"]\n    restart: always\n`,
      rest: "volumes: {shared: {}}\n",
    });
    await bed.file("shop.env", `DATABASE_URL=postgres://shop:${SECRET}@db:5432/shop\n`);
    await bed.image("web", "v1", TELLS);
    const release = value(await bed.runtime.capture("v1"));
    const deps = { host: bed.docker.host, files: localFiles(), clock: systemClock() };
    const trials = composeTrials(bed.config, deps);
    value(await trials.sweep(op("nothing")));

    const aside = trials.aside(aim);
    const started = value(await aside.start(op("try"), "web", release));
    const [seen] = value(await aside.instances("web"));
    expect(seen).toMatchObject({ id: started.id, state: "running", release: release.id });
    const url = started.url ?? "";
    await until(async () => (await fetch(url).catch(() => null))?.ok === true);
    expect(await (await fetch(url)).json()).toEqual({
      DATABASE_URL: `postgres://shop:${SECRET}@db:5432/shop_drill?application_name=lastgood-try`,
      MAIL: "$nowhere",
      LASTGOOD_TRIAL: "yes",
      writes: false,
    });
    expect(await trials.callers(started)).toEqual([{ address: new URL(url).hostname, port: null }]);
    expect(value(await bed.runtime.instances("web"))).toEqual([]);

    // Another controller, after a crash of this one; whoever comes too late is turned away.
    const next = composeTrials(bed.config, deps);
    value(await next.sweep(op("sweep", 2)));
    const left = ["ps", "--all", "--quiet", "--filter", `label=lastgood.env=${bed.config.env}`];
    expect((await bed.docker.docker(left)).trim()).toBe("");
    expect(failure(await aside.start(op("late", 1), "web", release)).code).toBe("fenced");

    const elsewhere = next.aside({ ...aim, live: "other" });
    expect(failure(await elsewhere.start(op("blind", 2), "web", release))).toMatchObject({ code: "config" });
    expect((await bed.docker.docker(left)).trim()).toBe("");
  });
});
