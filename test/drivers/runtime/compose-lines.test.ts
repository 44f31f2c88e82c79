import { expect, test } from "vitest";
import { ok } from "../../../src/core/result.ts";
import type { Docker } from "../../../src/drivers/docker/cli.ts";
import type { Container } from "../../../src/drivers/docker/inspect.ts";
import { lineReader } from "../../../src/drivers/runtime/compose/lines.ts";
import type { Clock } from "../../../src/ports/clock.ts";

const one = (more: Partial<Container> = {}) =>
  ({ id: "c1", status: "exited", restarts: 0, startedAt: 1, ...more }) as Container;
const asIs = (text: string) => text;

/** An engine that says these lines, and counts how often it is asked. */
function bed(lines: string) {
  const engine = { lines, asked: 0, ms: 0 };
  const docker = {
    async run() {
      engine.asked++;
      return ok({ exitCode: 0, stdout: engine.lines, stderr: "" });
    },
  } as unknown as Docker;
  const clock = { elapsed: () => engine.ms } as unknown as Clock;
  return { engine, read: lineReader(docker, clock) };
}

/** Each second for half a minute. */
async function halfMinute({ engine, read }: ReturnType<typeof bed>, container: Container) {
  for (const until = engine.ms + 30_000; engine.ms < until; engine.ms += 1_000) await read(container, asIs);
}

test("one that has ended is read twice, and never again once it said the same twice", async () => {
  const it = bed("2026-01-01T00:00:00Z bye\n");
  await halfMinute(it, one());
  expect(it.engine.asked).toBe(2);
  expect(await it.read(one(), asIs)).toEqual(["bye"]);
});

test("what the engine wrote down late is not missed", async () => {
  const it = bed("2026-01-01T00:00:00Z last but one\n");
  await it.read(one(), asIs);
  it.engine.lines += "2026-01-01T00:00:01Z the last\n";
  it.engine.ms += 1_000;
  expect(await it.read(one(), asIs)).toEqual(["last but one", "the last"]);
  await halfMinute(it, one());
  expect(it.engine.asked).toBe(3);
});

test("one that runs, was started again, or said nothing is read again", async () => {
  for (const containers of [[one({ status: "running" })], [one({ startedAt: 1 }), one({ startedAt: 2 })]]) {
    const it = bed("2026-01-01T00:00:00Z hello\n");
    for (const container of containers) await halfMinute(it, container);
    expect(it.engine.asked).toBe(containers.length === 1 ? 30 : 4);
  }
  const silent = bed("");
  await halfMinute(silent, one());
  expect(silent.engine.asked).toBe(30);
});

test("many who look at the same moment are one question", async () => {
  const it = bed("2026-01-01T00:00:00Z hello\n");
  await Promise.all(Array.from({ length: 8 }, () => it.read(one({ status: "running" }), asIs)));
  expect(it.engine.asked).toBe(1);
});
