// The two example stacks run on this machine as their teams run them, without Lastgood, and leave nothing behind.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startLoad } from "../../../src/demo/load/load.ts";
import { countLostWrites } from "../../../src/demo/load/lost-writes.ts";
import { edit, withValues } from "../../../src/demo/stack/files.ts";
import { layStack } from "../../../src/demo/stack/lay.ts";
import type { Stack, StackName } from "../../../src/demo/stack/stack.ts";
import { bedFolder, pause } from "../../parts/bed.ts";
import { type DockerBed, docker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";

const limitMs = 240_000;

async function lay(kind: StackName): Promise<{ stack: Stack; bed: DockerBed }> {
  const bed = await docker();
  const ends: (() => Promise<void>)[] = [];
  const root = await bedFolder("stack", (end) => ends.push(end));
  const stack = await layStack(kind, { docker: bed.env, root });
  onTestFinished(async () => {
    await stack.stop().finally(async () => {
      for (const end of ends) await end();
    });
  }, limitMs);
  return { stack, bed };
}

async function shop(stack: Stack, forMs: number) {
  const load = startLoad({ url: stack.publicUrl, perSecond: 60, clients: 10, seed: 5, paths: stack.paths });
  await pause(forMs);
  const report = await load.stop();
  const writes = await countLostWrites(stack.publicUrl + stack.paths.base, report.acknowledgedWrites);
  if (!writes.ok) throw new Error(writes.error.what);
  return { report, writes: writes.value };
}

const versionAt = async (url: string) => (await fetch(url)).headers.get("x-shop-version");

async function leftovers({ docker }: DockerBed, { name }: Stack): Promise<string> {
  const all = await Promise.all([
    docker(["ps", "--all", "--format", "{{.Names}}"]),
    docker(["network", "ls", "--format", "{{.Name}}"]),
    docker(["volume", "ls", "--format", "{{.Name}}"]),
    docker(["image", "ls", "--format", "{{.Repository}}"]),
  ]);
  return all
    .join("\n")
    .split("\n")
    .filter((line) => line.includes(name))
    .join(" ");
}

const withDocker = await describeWith("docker");
const onTheHost = await describeWith("docker", "nginx", "postgres");

withDocker("hummii", () => {
  test(
    "takes orders through nginx, writes receipts, moves on to another version, and is gone afterwards",
    async () => {
      const { stack, bed } = await lay("hummii");
      await stack.up();
      const { report, writes } = await shop(stack, 3_000);
      expect(report.lost).toEqual([]);
      expect([report.errorsByFault, report.refusals]).toEqual([0, 0]);
      expect(Object.keys(report.byVersion)).toEqual(["v1"]);
      expect(report.websocket.echoed).toBeGreaterThan(0);
      expect(writes.acknowledged).toBeGreaterThan(0);
      expect(writes.missing).toEqual([]);
      const count = ["exec", "-T", "postgres", "psql", "-U", "hummii", "-d", "hummii_production", "-Atc"];
      const receipts = async () => await stack.compose([...count, "SELECT count(*) FROM receipts"]);
      await expect.poll(receipts, { timeout: 20_000 }).toBe(`${writes.found}\n`);

      const startOf = (service: string) =>
        bed.docker(["inspect", "--format", "{{.State.StartedAt}}", `${stack.name}-${service}`]);
      const postgres = await startOf("postgres");
      await stack.setVersion("v7");
      await stack.compose(["up", "--detach", "--build"]);
      await stack.compose(["restart", "nginx"]);
      await expect.poll(() => versionAt(stack.healthUrl).catch(String), { timeout: 30_000 }).toBe("v7");
      expect(await versionAt(`${stack.publicUrl}/`)).toBe("v7");
      expect(await versionAt(`${stack.publicUrl}/admin`)).toBe("v7");
      expect(await startOf("postgres")).toBe(postgres);

      await stack.stop();
      expect(await leftovers(bed, stack)).toBe("");
    },
    limitMs,
  );
});

onTheHost("hibachi", () => {
  test(
    "takes orders through the host's nginx, hears of flags without a restart, and is gone afterwards",
    async () => {
      const { stack, bed } = await lay("hibachi");
      await stack.up();
      const { report, writes } = await shop(stack, 2_000);
      expect(report.lost).toEqual([]);
      expect(writes.acknowledged).toBeGreaterThan(0);
      expect(writes.missing).toEqual([]);

      await stack.setVersion("v14");
      expect(await versionAt(stack.healthUrl)).toBe("v1");
      await stack.compose(["up", "--detach"]);
      await expect.poll(() => versionAt(stack.healthUrl).catch(String), { timeout: 30_000 }).toBe("v14");
      expect((await shop(stack, 1_500)).report.errorsByFault).toBe(0);
      const file = join(stack.dir, stack.envFile);
      const { ino } = statSync(file);
      await edit(file, (text) => withValues(text, { FEATURE_NEW_BOOKING_FLOW: "true" }));
      expect(statSync(file).ino).toBe(ino);
      const bad = (await shop(stack, 1_500)).report;
      expect(bad.errorsByFault).toBeGreaterThan(0);
      expect(bad.lost).toEqual([]);
      const log = readFileSync(join(stack.dir, "logs", "access.log"), "utf8");
      expect(log).toMatch(/^127\.0\.0\.1 - - \[.*\] "POST \/orders HTTP\/1\.1" 500 /m);

      await stack.stop();
      expect(await leftovers(bed, stack)).toBe("");
      await expect(fetch(stack.publicUrl)).rejects.toThrow();
    },
    limitMs,
  );

  test(
    "bad versions are bad in the way they say",
    async () => {
      const { stack } = await lay("hibachi");
      await stack.up();
      const once = (...argv: readonly string[]) =>
        stack.compose(["run", "--rm", "--no-deps", "--no-TTY", stack.api, "node", ...argv]);
      await stack.setVersion("v3");
      await expect(once("server.mjs")).rejects.toThrow(/ended with 1[\s\S]*reading 'payment'/);
      await stack.setVersion("v11");
      await expect(once("server.mjs")).rejects.toThrow(/ended with 1[\s\S]*NEW_REQUIRED_VAR is not set/);
      await stack.setVersion("v10");
      await stack.compose(["up", "--detach"]);
      await expect
        .poll(() => stack.compose(["logs", stack.api]), { timeout: 20_000 })
        .toContain('"port":8001');
      expect((await fetch(stack.healthUrl)).status).toBe(502);
      await stack.setVersion("v13");
      expect(await once("migrate.mjs")).toContain("applied 20250109000000_notes");
      await stack.setVersion("v12");
      await expect(once("migrate.mjs")).rejects.toThrow(/ended with 1[\s\S]*order_lines/);
    },
    limitMs,
  );
});
