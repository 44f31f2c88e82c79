// Parts that are containers, on a real engine: their names, their output without secrets, a restart.
import { expect, test } from "vitest";
import { containerParts } from "../../../src/drivers/parts/containers.ts";
import { redactor } from "../../../src/drivers/runtime/process/redact.ts";
import { type DockerBed, docker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";

const all = { lines: 100, sinceMs: null, after: null };
const op = { id: "op-restart", epoch: 1, signal: new AbortController().signal };

function start(bed: DockerBed, name: string, image: string, program: string, ...labels: readonly string[]) {
  const own = [`com.docker.compose.project=${bed.project}`, `com.docker.compose.service=${name}`, ...labels];
  return bed.docker([
    ...[
      "run",
      "--detach",
      "--name",
      `${bed.project}-${name}-${labels.length}`,
      "--env",
      "DB_PASSWORD=hunter2-secret",
    ],
    ...own.flatMap((label) => ["--label", label]),
    ...[image, ...(program === "" ? [] : ["node", "-e", program])],
  ]);
}

function partsOf(bed: DockerBed) {
  const labels = [[`com.docker.compose.project=${bed.project}`], [`lastgood.env=${bed.project}`]];
  return containerParts({ labels, kinds: { worker: "worker" } }, { host: bed.host, redactor });
}

const withDocker = await describeWith("docker");
withDocker("parts that are containers", () => {
  test("services have their own names, an edge of ours another, and what holds data is known as such", async () => {
    const bed = await docker();
    await start(bed, "api", "lastgood-test/base:1", "setInterval(() => 0, 1000)");
    await start(bed, "worker", "lastgood-test/base:1", "setInterval(() => 0, 1000)");
    await start(bed, "cache", "redis:7", "");
    await start(
      bed,
      "api",
      "lastgood-test/base:1",
      "setInterval(() => 0, 1000)",
      "lastgood.kind=edge",
      "lastgood.service=api",
    );
    const listed = await partsOf(bed).list();
    expect(listed.ok && listed.value.map(({ name, kind, running }) => [name, kind, running])).toEqual([
      ["api", "app", true],
      ["cache", "stateful", true],
      ["edge-api", "edge", true],
      ["worker", "worker", true],
    ]);
  }, 120_000);

  test("both streams come in the order of their times, without secrets and without terminal codes", async () => {
    const bed = await docker();
    const program = `
      console.log("first \\u001b[2J\\u001b[31mred\\u001b[0m");
      setTimeout(() => console.error("second " + process.env.DB_PASSWORD), 50);
      setTimeout(() => console.log("third postgres://u:" + encodeURIComponent(process.env.DB_PASSWORD) + "@db"), 100);
      setInterval(() => 0, 1000);`;
    await start(bed, "api", "lastgood-test/base:1", program);
    const parts = partsOf(bed);
    const texts = async () => {
      const page = await parts.logs("api", all);
      return page.ok ? page.value.lines.map((line) => line.text) : [];
    };
    await expect
      .poll(texts, { timeout: 20_000 })
      .toEqual(["first red", "second [secret]", "third postgres://u:[secret]@db"]);
  }, 120_000);

  test("a page goes on where the last one ended: no line twice, none left out", async () => {
    const bed = await docker();
    await start(
      bed,
      "api",
      "lastgood-test/base:1",
      "let i = 0; setInterval(() => console.log('line', i++), 20)",
    );
    const parts = partsOf(bed);
    const seen: string[] = [];
    let after: string | null = null;
    while (seen.length < 60) {
      const page = await parts.logs("api", { lines: 1_000, sinceMs: null, after });
      if (!page.ok) throw new Error(page.error.what);
      seen.push(...page.value.lines.map((line) => line.text));
      after = page.value.next || null;
    }
    expect(seen).toEqual(seen.map((_, i) => `line ${i}`));
  }, 120_000);

  test("a restart gives it a new start, and says when it cannot", async () => {
    const bed = await docker();
    await start(bed, "cache", "redis:7", "");
    const startedAt = () => bed.docker(["inspect", "-f", "{{.State.StartedAt}}", `${bed.project}-cache-0`]);
    const before = await startedAt();
    expect(await partsOf(bed).restart(op, "cache")).toMatchObject({ ok: true });
    expect(await startedAt()).not.toBe(before);
    expect(await partsOf(bed).restart(op, "nothing")).toMatchObject({
      ok: false,
      error: { code: "missing" },
    });
  }, 120_000);
});
