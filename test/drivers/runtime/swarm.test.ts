// Capturing from stack files, the store, and looking at copies: on a real swarm of three nodes.
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Release } from "../../../src/core/release.ts";
import { swarmRuntime } from "../../../src/drivers/runtime/swarm/swarm.ts";
import type { Instance } from "../../../src/ports/runtime.ts";
import { value } from "../../../src/testing/contracts/rollout.ts";
import { describeWithSwarm, type SwarmBed, swarmBed } from "../../parts/swarm.ts";
import { move } from "../rollout/step-driving.ts";
import { image, type Stack, type StackOptions, stackFile, stackOf } from "../rollout/swarm-stack.ts";

const minutes = 60_000;
const describeSwarm = await describeWithSwarm();
const plain: StackOptions = { services: ["web"], copies: 2 };
let bed: SwarmBed;

const op = (name: string, epoch = 1) => ({ id: `op-${name}`, epoch, signal: new AbortController().signal });

describeSwarm("a stack on a swarm", () => {
  beforeAll(async () => {
    bed = await swarmBed();
  }, 5 * minutes);
  afterAll(() => bed?.close(), 2 * minutes);

  test("is captured the same twice, whole, without any effect on the swarm", async () => {
    const stack = await stackOf(bed, plain, ["good"]);
    const [manager] = bed.nodes;
    const id = await manager.docker("image", "inspect", "--format", "{{.Id}}", `${image}:good`);
    const release = value(await stack.runtime.capture("good"));
    expect(value(await stack.runtime.capture("good"))).toEqual(release);
    expect(value(await swarmRuntime(stack.config, stack.deps).capture("good"))).toEqual(release);
    expect(release.services["web"]).toMatchObject({ class: "app", routed: false, stopGraceMs: 2_000 });
    expect(release.services["web"]?.spec).toMatchObject({
      image: id,
      replicas: 2,
      name: `${stack.config.stackName}_web`,
    });
    expect(value(await stack.runtime.available(release)).bytes).toBeGreaterThan(0);
    expect(await manager.docker("service", "ls", "--quiet", "--filter", ofStack(stack))).toBe("");
    expect(await manager.docker("network", "ls", "--quiet", "--filter", ofStack(stack))).toBe("");
    expect(value(await stack.runtime.instances("web"))).toEqual([]);
    const kept = `lastgood/${stack.config.stackName}-web:${release.id}`;
    expect(await manager.docker("image", "inspect", "--format", "{{.Id}}", kept)).toBe(id);
    await stack.close();
  });

  test("keeps its environment and secrets in files that only we may read, and nowhere else", async () => {
    const stack = await stackOf(bed, withToken("one"), ["good"]);
    await writeFile(join(stack.folder, "token"), "s3cret-token");
    const release = value(await stack.runtime.capture("good"));
    expect(JSON.stringify(release)).not.toContain("hunter22");
    const all = await readdir(stack.config.stateDir, { recursive: true, withFileTypes: true });
    const files = all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) expect((await stat(file)).mode & 0o077, file).toBe(0);
    expect(
      await readFile(join(stack.config.stateDir, "releases", release.id, "stack.json"), "utf8"),
    ).toContain("hunter22");
    await stack.close();
  });

  test("a version without image, a file that docker can't read and an odd version are told, with nothing secret", async () => {
    const stack = await stackOf(bed, plain, ["good"]);
    expect(await stack.runtime.capture("never-was")).toMatchObject({ ok: false, error: { code: "missing" } });
    expect(await stack.runtime.capture("../v1")).toMatchObject({ ok: false, error: { code: "usage" } });
    const envFile = join(stack.folder, ".env");
    await writeFile(envFile, "IMAGE_WORD=hunter22-in-env\n");
    await stack.rewrite("version: '3.8'\nservices: {web: {image: a, deploy: {replicas: '$IMAGE_WORD'}}}\n");
    const refused = await swarmRuntime({ ...stack.config, envFile }, stack.deps).capture("good");
    expect(refused).toMatchObject({ ok: false, error: { code: "config" } });
    expect(JSON.stringify(refused)).not.toContain("hunter22-in-env");
    await stack.close();
  });

  test.concurrent(
    "environment, port, secret and copies of that day come back with a release, and an added service is made",
    async () => {
      const stack = await stackOf(bed, withToken("one"), ["good"]);
      await writeFile(join(stack.folder, "token"), "first token");
      const first = value(await stack.runtime.capture("good"));
      await stack.rewrite(stackFile(image, { ...withToken("two"), services: ["web", "more"], copies: 1 }));
      await writeFile(join(stack.folder, "token"), "second token");
      const config = {
        ...stack.config,
        services: { ...stack.config.services, more: { class: "worker", healthPath: null } },
      } as const;
      const second = value(await swarmRuntime(config, stack.deps).capture("good"));
      expect(second.id).not.toBe(first.id);
      for (const [round, release] of [first, second, first].entries()) {
        for (const service of Object.keys(release.services))
          await rollOut(stack, service, release, `round-${round}`);
        const running = value(await stack.runtime.instances("web")).filter((one) => one.state === "running");
        const isFirst = release === first;
        expect(running).toHaveLength(isFirst ? 2 : 1);
        for (const copy of running) {
          expect(copy.url).toMatch(isFirst ? /:8101$/ : /:8102$/);
          expect(await ask(copy)).toMatchObject({
            token: isFirst ? "first token" : "second token",
            env: { NOTE: isFirst ? "one" : "two" },
          });
        }
      }
      expect(value(await stack.runtime.instances("more")).map(({ release }) => release)).toContain(second.id);
      await stack.close();
    },
    4 * minutes,
  );

  test.concurrent(
    "a release that runs is not forgotten; one that is forgotten leaves nothing; lower epochs are fenced",
    async () => {
      const stack = await stackOf(bed, plain, ["good", "better"]);
      const [good, better] = [
        value(await stack.runtime.capture("good")),
        value(await stack.runtime.capture("better")),
      ];
      await rollOut(stack, "web", good, "one");
      expect(await stack.runtime.forget(op("f"), good.id)).toMatchObject({
        ok: false,
        error: { code: "refused" },
      });
      value(await stack.runtime.available(good));
      await rollOut(stack, "web", better, "two");
      value(await stack.runtime.forget(op("f", 3), good.id));
      value(await stack.runtime.forget(op("f", 3), good.id));
      expect(await stack.runtime.available(good)).toMatchObject({ ok: false, error: { code: "missing" } });
      expect(await stack.runtime.forget(op("old", 2), better.id)).toMatchObject({
        ok: false,
        error: { code: "fenced" },
      });
      const left = await bed.nodes[0].docker(
        "image",
        "ls",
        "--quiet",
        `lastgood/${stack.config.stackName}-web:${good.id}`,
      );
      expect(left).toBe("");
      await stack.close();
    },
    4 * minutes,
  );

  test("what was changed in the store is damaged, and is not rolled out", async () => {
    const stack = await stackOf(bed, plain, ["good"]);
    const release = value(await stack.runtime.capture("good"));
    const file = join(stack.config.stateDir, "releases", release.id, "stack.json");
    await writeFile(file, (await readFile(file, "utf8")).replace("hunter22", "hunter23"));
    const damaged = { ok: false, error: { code: "damaged" } };
    expect(await stack.runtime.available(release)).toMatchObject(damaged);
    expect(await stack.rollout.change(op("x"), "web", 0, release)).toMatchObject(damaged);
    // Capturing it again mends it.
    value(await stack.runtime.capture("good"));
    value(await stack.runtime.available(release));
    await stack.close();
  });

  test("nothing is started or stopped beside: that is refused, with what to do", async () => {
    const stack = await stackOf(bed, plain, ["good"]);
    const release = value(await stack.runtime.capture("good"));
    const refused = {
      ok: false,
      error: { code: "refused", next: expect.stringContaining("service.rollout") },
    };
    expect(await stack.runtime.start(op("s"), "web", release)).toMatchObject(refused);
    expect(await stack.runtime.stop(op("s"), { service: "web" } as Instance, 1)).toMatchObject(refused);
    await stack.close();
  });
});

function withToken(note: "one" | "two"): StackOptions {
  return {
    ...plain,
    top: ["secrets:", "  token: {file: ./token}"],
    lines: [
      "secrets: [token]",
      ...(note === "one" ? ["ports: [{target: 3000, published: 8101, mode: host}]"] : []),
      ...(note === "two" ? ["ports: [{target: 3000, published: 8102, mode: host}]"] : []),
    ],
    environment: [`NOTE: ${note}`],
  };
}

function ofStack(stack: Stack): string {
  return `label=com.docker.stack.namespace=${stack.config.stackName}`;
}

async function rollOut(stack: Stack, service: string, release: Release, name: string): Promise<void> {
  const moved = await move({
    rollout: stack.again(),
    clock: stack.deps.clock,
    service,
    release,
    name: `${service}-${name}`,
  });
  expect(moved.verdict.is, JSON.stringify(moved)).toBe("applied");
}

async function ask(copy: Instance): Promise<unknown> {
  const answer = await fetch(copy.url ?? "");
  return answer.json();
}
