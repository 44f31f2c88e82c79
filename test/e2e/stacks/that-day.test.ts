// A rollback brings back the day: the environment and the compose file as they were, not only the image.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Load } from "../../../src/demo/load/load.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { type Container, layBed, ofStack, type StackBed } from "./bed.ts";

const limitMs = 240_000;
const perSecond = 30;

const mailer = `
  mailer:
    image: hibachi-production-api:\${API_TAG}
    command: ["node", "worker.mjs"]
    env_file: .env
    environment:
      REDIS_URL: redis://redis:6379
    extra_hosts:
      - "host.docker.internal:host-gateway"
    depends_on:
      - redis
`;

const withParts = await describeWith("docker", "nginx", "postgres");

withParts("a day later, and back", () => {
  const { later, end } = laterOn();
  let bed: StackBed;
  let load: Load;
  const composeFile = "docker-compose.prod.yml";

  beforeAll(async () => {
    bed = await layBed("hibachi", later);
    await bed.watchFor("{ for: 30m, check: 1s }");
    // Features come from the environment of the container, so that the app can be asked what it was given.
    await bed.edit(composeFile, (text) => text.replace("      FEATURES_FILE: /config/.env\n", ""));
    const said = await bed.deploy("v7");
    expect(said.exit, said.out + said.err).toBe(0);
    load = bed.load(perSecond);
  }, limitMs);
  afterAll(async () => {
    await load?.stop();
    await end();
  }, limitMs);

  async function nextDay(): Promise<void> {
    await bed.edit(".env", (text) =>
      text.replace("FEATURE_NEW_BOOKING_FLOW=false", "FEATURE_NEW_BOOKING_FLOW=true"),
    );
    const named = mailer.replace("hibachi-", `${bed.stack.name}-`);
    await bed.edit(composeFile, (text) =>
      text
        .replace('PORT: "8000"', 'PORT: "9000"')
        .replace(":8000", ":9000")
        .replace("\n  redis:\n", `${named}\n  redis:\n`),
    );
    await bed.edit("lastgood.yml", (text) => text.replace("port: 8000", "port: 9000"));
  }

  const running = async (service: string): Promise<readonly Container[]> =>
    (await bed.containers(ofStack(bed), "status=running")).filter(
      (one) => one.kind === "instance" && one.service === service,
    );
  const bookingFlow = async () => {
    const answer = await fetch(`${bed.stack.publicUrl}/features`);
    const { features } = (await answer.json()) as { features: Readonly<Record<string, boolean>> };
    return features["FEATURE_NEW_BOOKING_FLOW"];
  };
  /** Of the newest running instance of a version: what docker says it was given. */
  const given = async (version: string, name: string) => {
    const found = (await running("production-api")).find(({ release }) => release.startsWith(`${version}-`));
    const env = await bed.docker.docker(["inspect", "--format", "{{json .Config.Env}}", found?.id ?? ""]);
    return (JSON.parse(env) as readonly string[]).find((line) => line.startsWith(`${name}=`));
  };

  test(
    "a deploy takes the changed env, the changed port and the new worker along",
    async () => {
      await nextDay();
      const said = await bed.deploy("v13");
      expect(said.exit, said.out + said.err).toBe(0);
      expect(await bed.answers()).toBe("v13");
      expect(await bookingFlow()).toBe(true);
      expect(await given("v13", "PORT")).toBe("PORT=9000");
      expect(await running("mailer")).toHaveLength(1);
    },
    limitMs,
  );

  test(
    "a warm rollback brings the env, the port and the compose file of that day back, and ends the worker",
    async () => {
      const plan = await bed.lastgood("rollback", "v7", "--plan");
      expect(plan.out + plan.err).toContain("v7 still runs: going back is one switch.");
      const said = await bed.rollback("v7");
      expect(said.exit, said.out + said.err).toBe(0);
      expect(await bed.answers()).toBe("v7");
      expect(await bookingFlow()).toBe(false);
      expect(await given("v7", "PORT")).toBe("PORT=8000");
      expect(await running("mailer")).toEqual([]);
    },
    limitMs,
  );

  test(
    "forward again, and a cold rollback: the instance of that day is gone, and is started again as it was",
    async () => {
      const out = await bed.deploy("v13", "--lift", "it was not to blame");
      expect(out.exit, out.out + out.err).toBe(0);
      for (const { id, release } of await running("production-api"))
        if (release.startsWith("v7-")) await bed.docker.docker(["stop", id]);
      const plan = await bed.lastgood("rollback", "v7", "--plan");
      expect(plan.out + plan.err).toContain("v7 is started first.");
      const said = await bed.rollback("v7");
      expect(said.exit, said.out + said.err).toBe(0);
      expect(await bed.answers()).toBe("v7");
      expect(await bookingFlow()).toBe(false);
      expect(await given("v7", "PORT")).toBe("PORT=8000");
      expect(await running("mailer")).toEqual([]);
    },
    limitMs,
  );

  test(
    "nobody lost a request or a confirmed order all the while",
    async () => {
      const report = await load.stop();
      console.log(`${report.requests} requests, ${report.lostCount} lost`);
      expect(report.lost).toEqual([]);
      expect(await bed.lostWrites(report)).toEqual([]);
    },
    limitMs,
  );
});
