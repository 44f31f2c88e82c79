// systemd units as parts, by what systemctl and journalctl print; the real ones run in a container elsewhere.
import { expect, test } from "vitest";
import { ok } from "../../../src/core/result.ts";
import { partOfUnit, unitParts } from "../../../src/drivers/parts/systemd.ts";
import { redactor } from "../../../src/drivers/runtime/process/redact.ts";
import type { Command, Finished, Host } from "../../../src/ports/host.ts";

const op = { id: "op-1", epoch: 1, signal: new AbortController().signal };

function bed(answers: Record<string, { out?: string; exit?: number }>) {
  const asked: Command[] = [];
  const host: Host = {
    name: "there",
    async run(command) {
      asked.push(command);
      const key = Object.keys(answers).find((start) => command.argv.join(" ").startsWith(start));
      const { out = "", exit = 0 } = answers[key ?? ""] ?? {};
      const ended: Finished = {
        exitCode: exit,
        signal: null,
        timedOut: false,
        cancelled: false,
        stdout: out,
        stderr: exit === 0 ? "" : "Job failed.",
        truncated: false,
        durationMs: 1,
      };
      return ok(ended);
    },
  };
  const units = ["myhibachi-backend.service", "postgresql@15-main.service", "nginx.service"];
  return { host, parts: unitParts(units.map(partOfUnit), { host, redactor }), asked };
}

const active = "Id=a\nActiveState=active\nSubState=running";

test("units have the names that people use, and what holds data is known as such", async () => {
  const { parts } = bed({
    "systemctl show": { out: `${active}\n\n${active}\n\nActiveState=failed\nSubState=failed\n` },
  });
  const listed = await parts.list();
  expect(listed.ok && listed.value.map(({ name, kind, running }) => [name, kind, running])).toEqual([
    ["myhibachi-backend", "unit", true],
    ["postgres", "stateful", true],
    ["nginx", "front", false],
  ]);
});

test("lines come with their times and a cursor to go on from, secrets of the unit taken out", async () => {
  const { parts, asked } = bed({
    journalctl: {
      out: "2026-11-22T04:49:18.123456+0000 h node[7]: signed in with hunter2secret\n-- cursor: s=abc;i=1\n",
    },
    "systemctl show --property=Environment": { out: "API_TOKEN=hunter2secret MODE=x\n" },
  });
  const page = await parts.logs("myhibachi-backend", { lines: 5, sinceMs: 1_700_000_000_999, after: null });
  expect(page).toEqual(
    ok({
      lines: [
        {
          at: "2026-11-22T04:49:18.123456+0000",
          from: "myhibachi-backend",
          text: "node[7]: signed in with [secret]",
        },
      ],
      next: "s=abc;i=1",
    }),
  );
  expect(asked[0]?.argv).toContain("--since=@1700000000");
  await parts.logs("myhibachi-backend", { lines: 5, sinceMs: 1, after: "s=abc;i=1" });
  expect(asked.at(-2)?.argv).toContain("--after-cursor=s=abc;i=1");
});

test("a restart is carried out under its op, and counts only when the unit runs again", async () => {
  const well = bed({ "systemctl show": { out: active } });
  expect((await well.parts.restart(op, "postgres")).ok).toBe(true);
  expect(well.asked[1]).toMatchObject({
    argv: ["systemctl", "restart", "--", "postgresql@15-main.service"],
    op: "op-1",
    effect: "write",
  });
  const dead = bed({ "systemctl show": { out: "ActiveState=failed\nSubState=failed" } });
  expect(await dead.parts.restart(op, "nginx")).toMatchObject({ ok: false, error: { code: "unhealthy" } });
  const refused = bed({ "systemctl restart": { exit: 1 } });
  expect(await refused.parts.restart(op, "nginx")).toMatchObject({ ok: false, error: { code: "failed" } });
});

test("of a part with two instances the one that runs is restarted, the idle one stays idle", async () => {
  const two = { name: "web", kind: "app" as const, units: ["shop@blue.service", "shop@green.service"] };
  const { host, asked } = bed({
    "systemctl show": { out: `ActiveState=inactive\nSubState=dead\n\n${active}\n` },
  });
  const parts = unitParts([two], { host, redactor });
  expect(await parts.list()).toMatchObject({
    value: [{ name: "web", running: true, what: "shop@green.service, active (running)" }],
  });
  await parts.restart(op, "web");
  expect(asked.find((one) => one.effect === "write")?.argv).toEqual([
    "systemctl",
    "restart",
    "--",
    "shop@green.service",
  ]);
});
