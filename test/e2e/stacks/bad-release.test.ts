// Releases that are bad at boot, or bad under load, on a real stack: users notice nothing of the first kind, and of the
// second only what was served before the rollback.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Load } from "../../../src/demo/load/load.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import type { Said } from "../bed.ts";
import { layBed, ofStack, type StackBed } from "./bed.ts";

const limitMs = 240_000;
/** Enough for 5 % of errors to be told from none within seconds. */
const perSecond = 50;

type Bad = {
  readonly version: string;
  readonly does: string;
  /** Of what a person reads: the probe's words, and the last lines of the container. */
  readonly says: readonly RegExp[];
  /** What is kept to look at. */
  readonly kept: "instance" | "task";
};

/** The failed migration comes last: it leaves a failed row, so that every later migration refuses. */
const bad: readonly Bad[] = [
  {
    version: "v3",
    does: "crashes at boot",
    says: [/it exited/, /TypeError: Cannot read properties of undefined \(reading 'payment'\)/],
    kept: "instance",
  },
  {
    version: "v8",
    does: "is never healthy",
    says: [/not healthy after 10 s/, /it answers 503/, /listening/],
    kept: "instance",
  },
  {
    version: "v10",
    does: "listens on the wrong port",
    says: [/not healthy after 10 s/, /:8000 does not answer: nobody listens there/, /8001/],
    kept: "instance",
  },
  {
    version: "v11",
    does: "misses a variable",
    says: [/it exited/, /the variable NEW_REQUIRED_VAR is not set/],
    kept: "instance",
  },
  {
    version: "v12",
    does: "has a migration that fails",
    says: [/migrat/, /order_lines/],
    kept: "task",
  },
];

const withParts = await describeWith("docker", "nginx", "postgres");

withParts("a bad release of a real stack", () => {
  const { later, end } = laterOn();
  let bed: StackBed;
  let load: Load;
  let serving: string | undefined;

  beforeAll(async () => {
    bed = await layBed("hibachi", later);
    // It becomes good within few requests: what is shown here begins after that.
    await bed.watchFor("{ for: 6s, check: 500ms, tolerate: 4% }");
    const first = await bed.deploy("v1");
    expect(first.exit, first.out + first.err).toBe(0);
    load = bed.load(perSecond);
    await bed.stack.setVersion("v7");
    const good = await bed.lastgood("deploy", "v7", "--yes", "--json");
    expect(good.json()["what"], good.out + good.err).toBe("v7 is good.");
    serving = await instanceOf("v7");
    await bed.watchFor("{ for: 5m, check: 500ms }");
    // A good one comes up within a second; a bad one shall not be waited for a minute.
    await bed.edit("lastgood.yml", (text) =>
      text.replace("health: { path: /health }", "health: { path: /health, timeout: 10s }"),
    );
  }, limitMs);
  afterAll(async () => {
    await load?.stop();
    await end();
  }, limitMs);

  const instanceOf = async (version: string) =>
    (await bed.containers(ofStack(bed), "status=running")).find(
      ({ kind, release }) => kind === "instance" && release.startsWith(`${version}-`),
    )?.id;

  async function untouched(said: Said): Promise<void> {
    expect(await bed.answers()).toBe("v7");
    expect(await instanceOf("v7")).toBe(serving);
    expect(load.counts().lost, said.out + said.err).toBe(0);
  }

  test(
    "bad under load (5 % errors): back by itself, exit 5; the same version again is refused, exit 3",
    async () => {
      await bed.stack.setVersion("v2");
      const said = await bed.lastgood("deploy", "v2", "--yes", "--json");
      expect(said.exit, said.out + said.err).toBe(5);
      expect(said.json()["what"]).toMatch(/v2 was bad; v7-\w+ serves again/);
      await untouched(said);
      const again = await bed.lastgood("deploy", "v2", "--yes", "--json");
      expect(again.exit, again.out + again.err).toBe(3);
      expect(again.json()["problem"]).toMatchObject({ code: "quarantined" });
      await untouched(again);
    },
    limitMs,
  );

  test(
    "an image that is not there: the image is named, and nothing else happens",
    async () => {
      const before = await bed.containers(ofStack(bed));
      const said = await bed.lastgood("deploy", "v99", "--yes", "--json");
      expect([1, 2], said.out + said.err).toContain(said.exit);
      expect(said.json()["what"]).toContain(`${bed.stack.name}-production-api:v99`);
      expect(await bed.containers(ofStack(bed))).toEqual(before);
      await untouched(said);
    },
    limitMs,
  );

  for (const { version, does, says, kept } of bad)
    test(
      `${version}, which ${does}: exit 1, with its last words; the same instance serves on, and the failed one is kept`,
      async () => {
        const said = await bed.deploy(version);
        expect(said.exit, said.out + said.err).toBe(1);
        const words = JSON.stringify(said.json());
        for (const pattern of says) expect(words).toMatch(pattern);
        expect(said.json()["means"]).toMatch(/v7-\w+ serves; nothing was lost/);
        await untouched(said);
        const left = (await bed.containers(ofStack(bed))).filter(({ release }) =>
          release.startsWith(`${version}-`),
        );
        expect(left.find(({ kind }) => kind === kept)).toMatchObject({ state: "exited" });
        expect(left.filter(({ state }) => state !== "exited")).toEqual([]);
        expect((await bed.status()).run).toBeNull();
      },
      limitMs,
    );

  test(
    "nobody lost a request or a confirmed order all the while",
    async () => {
      const report = await load.stop();
      console.log(
        `${report.requests} requests, ${report.lostCount} lost, ${report.errorsByFault} by v2's fault`,
      );
      expect(report.lost).toEqual([]);
      expect(report.byVersion["v2"]?.errors ?? 0).toBeGreaterThan(0);
      expect(await bed.lostWrites(report)).toEqual([]);
    },
    limitMs,
  );
});
