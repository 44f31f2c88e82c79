// The triggers of My Hibachi's runbook, each caused for real on its stack: app and Redis in compose, PostgreSQL and nginx
// on the host, users who come all the while.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { laterOn, pause } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import type { StackBed } from "../stacks/bed.ts";
import { badMigrationGoesBack } from "./bad-migration.ts";
import { calm, type Decided, layTriggers, type TriggerBed } from "./bed.ts";

const limitMs = 240_000;
const perSecond = 60;
const token = "a-token-of-this-test-alone";

const withParts = await describeWith("docker", "nginx", "postgres");

withParts("the triggers of the hibachi runbook", () => {
  const { later, end } = laterOn();
  let bed: TriggerBed;

  beforeAll(async () => {
    const options = {
      watch: "{ for: 10m, check: 300ms, payments: [/payments], integrity: 500ms }",
      more: async ({ stack }: StackBed) => {
        await writeFile(join(stack.dir, "hook.secret"), token, { mode: 0o600 });
        return `    policy: { paymentProvider: Stripe, limits: { acts: 100 } }
    migrations: { tool: sql, folder: api/db/migrations, table: _prisma_migrations }
    signals: { every: 1s, limits: { slowAfter: 1s, slowQueries: 1, ${calm} }, hooks: { generic: { secretFile: hook.secret } } }
    integrity:
      - { name: orders-cost-something, sql: "SELECT count(*) FROM orders WHERE cents <= 0", equals: 0 }
`;
      },
    };
    // What the team brought up is taken over by the first deploy, and is good from then on.
    bed = await layTriggers("hibachi", options, later);
  }, limitMs);
  afterAll(end, limitMs);

  /** Back by itself: the plan ran to its end, and users are answered by what the team had brought up. */
  async function backByItself(mark: number, decision: Decided): Promise<void> {
    expect(decision.data.decision).toBe("roll-back");
    const { data } = await bed.happens(mark, "run.planned", ({ plan }) => plan.kind === "rollback");
    expect(data.plan.target).toContain("as-found");
    const ended = await bed.happens(mark, "run.ended", ({ run }) => run === data.run);
    expect(ended.data.outcome).toBe("done");
    expect(await bed.answers()).toBe("v1");
  }
  /** Nothing was switched, nobody is blamed, and an investigation has the evidence. */
  async function onlyLookedInto(mark: number, version: string): Promise<void> {
    expect(await bed.since(mark, "release.quarantined")).toEqual([]);
    const plans = (await bed.since(mark, "run.planned")).map(({ data }) => data.plan.kind);
    expect(plans.filter((kind) => kind === "rollback")).toEqual([]);
    expect(await bed.answers()).toBe(version);
    expect(await bed.since(mark, "investigation.opened")).toHaveLength(1);
  }

  test(
    "500 errors above 1 %: 2 % of all requests fail, so back, and an investigation is opened",
    async () => {
      const mark = await bed.out("v15");
      const decision = await bed.users(150, () => bed.decided(mark));
      expect(decision.data).toMatchObject({ rule: "broad-errors", cause: "release" });
      await backByItself(mark, decision);
      expect(await bed.since(mark, "investigation.opened")).toHaveLength(1);
      expect(await bed.explained(decision)).toMatch(/Rule broad-errors: Errors above what is tolerated/);
    },
    limitMs,
  );

  test(
    "payments fail while everything else is well: back, and the message to Stripe is ready",
    async () => {
      const mark = await bed.out("v4");
      const decision = await bed.users(perSecond, () => bed.decided(mark));
      expect(decision.data).toMatchObject({ rule: "payment-failures", cause: "release" });
      await backByItself(mark, decision);
      const [draft] = await bed.since(mark, "message.drafted");
      expect(draft?.data).toMatchObject({ to: "Stripe", text: expect.stringContaining("attempts failed") });
      expect(await bed.explained(decision)).toMatch(/Message for Stripe, ready to send/);
    },
    limitMs,
  );

  test(
    "a bad migration: code and schema are back by themselves, in the right order, and 0 acknowledged writes are lost",
    async () => {
      const round = await badMigrationGoesBack(bed, { perSecond: 20, services: ["production-api"] });
      console.log(`bad migration, PostgreSQL on the host: ${JSON.stringify(round)}`);
    },
    limitMs,
  );

  test(
    "production down: the app is killed, and nobody else is there to notice: back at once",
    async () => {
      const mark = await bed.out("v7");
      await killed("v7");
      const decision = await bed.decided(mark);
      expect(decision.data).toMatchObject({ rule: "down", severity: { impact: "critical", users: "all" } });
      await backByItself(mark, decision);
    },
    limitMs,
  );

  test(
    "one user only: everything fails for one client, so it is looked into, and nothing is switched",
    async () => {
      const mark = await bed.out("v7");
      const stop = oneBadUser();
      const decision = await bed.users(perSecond, () => bed.decided(mark)).finally(stop);
      expect(decision.data).toMatchObject({
        decision: "investigate",
        rule: "single-client",
        cause: "single-client",
      });
      await onlyLookedInto(mark, "v7");
      expect(await bed.explained(decision)).toMatch(/of one client failed/);
    },
    limitMs,
  );

  test(
    "a dependency is down: Redis is stopped, so it is looked into, and Redis is named",
    async () => {
      const mark = await bed.out("v7");
      const decision = await bed.users(perSecond, async () => {
        await bed.happens(mark, "watch.found");
        await bed.stack.compose(["stop", "redis"]);
        return bed.decided(mark).finally(() => bed.stack.compose(["start", "redis"]));
      });
      await onlyLookedInto(mark, "v7");
      expect(decision.data).toMatchObject({ decision: "investigate", rule: "external", cause: "external" });
      expect(await bed.explained(decision)).toMatch(/redis does not answer its own probe/);
    },
    limitMs,
  );

  test(
    "slow queries: they are looked into, PostgreSQL is named, and nothing is switched",
    async () => {
      const mark = await bed.out("v16");
      const decision = await bed.users(perSecond, () => bed.decided(mark));
      expect(decision.data).toMatchObject({ decision: "investigate", rule: "slow" });
      expect(decision.data.report).toMatchObject({ by: "metrics:postgres", stream: "queries" });
      expect(await bed.explained(decision)).toMatch(/postgres slow queries: \d+, more than 1/);
      await onlyLookedInto(mark, "v16");
    },
    limitMs,
  );

  test(
    "data corruption: a row breaks an integrity check, so a person is asked for the restore, and evidence is kept",
    async () => {
      const mark = await bed.out("v7");
      await bed.happens(mark, "integrity.passed");
      await corrupt("UPDATE orders SET cents = -cents WHERE seq = (SELECT max(seq) FROM orders)");
      const decision = await bed.decided(mark);
      expect(decision.data).toMatchObject({
        decision: "ask",
        rule: "policy-ask",
        matched: "data-corruption",
        way: { remedy: "restore" },
      });
      expect(await bed.explained(decision)).toMatch(/orders-cost-something/);
      const [kept] = await bed.since(mark, "evidence.kept");
      expect(kept?.data.items.map(({ what }) => what)).toContain("database");
      expect(await bed.since(mark, "release.quarantined")).toEqual([]);
      expect(await bed.answers()).toBe("v7");
    },
    limitMs,
  );

  test(
    "security breach, by webhook: back, deploys are frozen, and the evidence is kept",
    async () => {
      const mark = await bed.out("v7");
      const answer = await fetch(`${bed.controller}/hooks/generic`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ kind: "report", subject: "security", what: "a stranger reads our orders" }),
      });
      expect(answer.status).toBe(200);
      const decision = await bed.decided(mark);
      expect(decision.data).toMatchObject({ rule: "security", report: { kind: "security" } });
      await backByItself(mark, decision);
      expect(await bed.since(mark, "evidence.kept")).toHaveLength(1);
      const refused = await bed.deploy("v7", "--lift", "in a hurry");
      expect(refused.exit, refused.out).toBe(3);
      expect((await bed.lastgood("freeze", "--lift", "the hole is closed")).exit).toBe(0);
    },
    limitMs,
  );

  test(
    "killed after its watch: it is started again and nothing is blamed; killed again and again, it goes back",
    async () => {
      await bed.watchAnew("{ for: 2s, check: 300ms, tolerate: 4% }");
      const mark = await bed.out("v7");
      await bed.users(perSecond, () =>
        bed.happens(mark, "release.became-good", ({ release }) => release.startsWith("v7-")),
      );
      await killed("v7");
      const again = await bed.happens(mark, "run.planned", ({ plan }) => plan.kind === "revive");
      await bed.happens(mark, "run.ended", ({ run }) => run === again.data.run);
      expect(await bed.answers()).toBe("v7");
      expect(await bed.since(mark, "decision.made")).toEqual([]);
      const killing = killAgainAndAgain("v7");
      const decision = await bed.decided(mark).finally(killing.stop);
      expect(decision.data).toMatchObject({ rule: "down", report: { by: "controller" } });
      await backByItself(mark, decision);
    },
    limitMs,
  );

  /** SIGKILL; what docker itself killed it does not start again. */
  async function killed(version: string): Promise<void> {
    for (const id of await instancesOf(version)) await bed.docker.tryDocker(["kill", id]);
  }

  async function instancesOf(version: string): Promise<readonly string[]> {
    const alive = await bed.containers("status=running", `name=${bed.stack.name}`);
    return alive.flatMap(({ id, kind, release }) =>
      kind === "instance" && release.startsWith(`${version}-`) ? [id] : [],
    );
  }

  async function corrupt(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: bed.stack.databaseUrl ?? "" });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }

  /** As soon as Lastgood has started it. */
  function killAgainAndAgain(version: string): { stop(): Promise<void> } {
    let going = true;
    const work = (async () => {
      for (; going; await pause(100)) await killed(version);
    })();
    return {
      stop: () => {
        going = false;
        return work;
      },
    };
  }

  /** Somebody whose every request is answered 500: there is a NUL in the address, which PostgreSQL does not take. */
  function oneBadUser(): () => void {
    const timer = setInterval(() => {
      void fetch(`${bed.stack.publicUrl}/login`, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": "one user" },
        body: JSON.stringify({ email: "one\u0000user@shop.test", password: "secret" }),
      }).catch(() => undefined);
    }, 100);
    return () => clearInterval(timer);
  }
});
