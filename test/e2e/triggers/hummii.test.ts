// The scenarios of Hummii's runbook, each caused for real on its stack, where everything is in compose: a deployment that
// fails, a critical bug in a new version, and a version that is slow.
import { afterAll, beforeAll, expect, test } from "vitest";
import { hourMs } from "../../../src/core/detect/hour.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { openHere } from "../bed.ts";
import type { StackBed } from "../stacks/bed.ts";
import { badMigrationGoesBack } from "./bad-migration.ts";
import { answered, calm, layTriggers, type TriggerBed } from "./bed.ts";

const limitMs = 400_000;
const perSecond = 40;
/** What `compare` asks for, and some. */
const enough = 260;

const withParts = await describeWith("docker", "nginx", "postgres");

withParts("the triggers of the hummii runbook", () => {
  const { later, end } = laterOn();
  let bed: TriggerBed;

  beforeAll(async () => {
    const options = {
      watch: "{ for: 10m, check: 500ms, payments: [/api/payments] }",
      more: async (stack: StackBed) => {
        await anHourOf(stack);
        return `    policy: { limits: { acts: 100 } }
    migrations: { tool: prisma, folder: api/prisma/migrations }
    signals: { every: 1s, limits: { ${calm} } }
`;
      },
    };
    bed = await layTriggers("hummii", options, later);
  }, limitMs);
  afterAll(end, limitMs);

  test(
    "performance degrades: it is looked into and nothing is switched, and `compare` says that going back would help",
    async () => {
      await bed.out("v7");
      await bed.users(perSecond, (load) => answered(load, enough));
      const mark = await bed.out("v17");
      const decision = await bed.users(perSecond, async (load) => {
        const made = await bed.decided(mark);
        await answered(load, enough);
        return made;
      });
      const compared = (await bed.lastgood("compare", "v17", "v7", "--json")).json();
      expect(compared["answer"], JSON.stringify(compared)).toBe("yes");
      expect(decision.data).toMatchObject({ decision: "investigate", rule: "slow" });
      expect(decision.data.finding?.stream).toMatch(/^latency/);
      expect(await bed.since(mark, "release.quarantined")).toEqual([]);
      expect(await bed.answers()).toBe("v17");
      const opened = await bed.since(mark, "investigation.opened");
      // A machine that other tests are busy on may be worth a look of its own.
      expect(opened.filter(({ data }) => data.stream.startsWith("latency"))).toHaveLength(1);
    },
    limitMs,
  );

  test(
    "a critical bug: 5 % of all requests fail, so back by itself, and the way back is verified",
    async () => {
      const mark = await bed.out("v2");
      await bed.users(100, async () => {
        const decision = await bed.decided(mark);
        expect(decision.data).toMatchObject({
          decision: "roll-back",
          rule: "broad-errors",
          cause: "release",
        });
        const back = await bed.happens(mark, "watch.started", ({ after }) => after === "rollback");
        const ended = await bed.happens(mark, "watch.ended", ({ watch }) => watch === back.data.watch);
        expect(ended.data.outcome).toBe("verified");
      });
      expect(await bed.answers()).toBe("v1");
    },
    limitMs,
  );

  test(
    "a deployment fails: the new version crashes at boot, so what served goes on, and nothing has to be decided",
    async () => {
      const mark = await bed.mark();
      const said = await bed.deploy("v3");
      expect(said.exit, said.out + said.err).toBe(1);
      expect(said.out).toMatch(/Cannot read properties of undefined/);
      expect(await bed.since(mark, "decision.made")).toEqual([]);
      expect(await bed.answers()).toBe("v1");
    },
    limitMs,
  );

  test(
    "a bad migration: code and schema are back by themselves, in the right order, and 0 acknowledged writes are lost",
    async () => {
      const round = await badMigrationGoesBack(bed, { perSecond: 20, services: ["api", "worker"] });
      console.log(`bad migration, PostgreSQL in compose: ${JSON.stringify(round)}`);
    },
    limitMs,
  );

  /** What users met before, measured at the front door, as the hour before this one. */
  async function anHourOf(stack: StackBed): Promise<void> {
    const load = stack.load(perSecond, { websocket: false, slowEveryMs: 0 });
    await answered(load, enough);
    const { latency, requests } = await load.stop();
    const opened = await openHere(stack.config);
    const { p50, p95 } = latency;
    opened.app.deps.ledger.record([
      {
        type: "traffic.counted",
        data: {
          env: "production",
          hour: Math.floor(Date.now() / hourMs) - 1,
          seconds: 3_600,
          requests,
          errors: 0,
          latency: { p50, p90: p95, p95 },
          payments: { requests: 0, errors: 0 },
          events: {},
          failing: {},
        },
      },
    ]);
    opened.close();
  }
});
