// Break-glass and parts on a real systemd: the release store is gone, the bad release is started again and again.
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refreshBreakGlass } from "../../../src/app/break-glass.ts";
import { ok } from "../../../src/core/result.ts";
import { units } from "../../../src/drivers/checks/units.ts";
import { unitParts } from "../../../src/drivers/parts/systemd.ts";
import { redactor } from "../../../src/drivers/runtime/process/redact.ts";
import { systemdByHand } from "../../../src/drivers/runtime/systemd/by-hand.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localFiles } from "../../../src/os/files.ts";
import type { Parts } from "../../../src/ports/parts.ts";
import { fakeApp } from "../../app/fake-app.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { type SystemdBed, systemdBed } from "../../parts/systemd.ts";
import { systemdRuntimeBed } from "./systemd-bed.ts";

const slowMs = 120_000;
const noParts: Parts = {
  list: async () => ok([]),
  logs: async () => ok({ lines: [], next: "" }),
  restart: async () => ok(undefined),
};

/** What every machine has beside systemd, for one that was made of systemd alone. */
function busybox(folder: string): string {
  const tools = join(folder, "tools");
  mkdirSync(tools);
  copyFileSync("/usr/bin/busybox", join(tools, "busybox"));
  for (const name of ["env", "cp", "ls", "awk", "sed", "grep", "tr", "head", "tail"])
    symlinkSync("busybox", join(tools, name));
  return tools;
}

const withSystemd = await describeWith("docker");
withSystemd("by hand with systemd", () => {
  const { later, end } = laterOn();
  let machine: SystemdBed;
  beforeAll(async () => {
    machine = await systemdBed(later);
  }, slowMs);
  afterAll(end, slowMs);

  test(
    "the script puts files, drop-in and unit of v1 back, and it answers on the public port",
    async () => {
      const bed = await systemdRuntimeBed(machine, "always");
      const captured = await bed.runtime.capture("v1");
      if (!captured.ok) throw new Error(captured.error.what);
      const folder = join(bed.folder, "break-glass");
      const publicPort = 4_990;
      const stateDir = join(bed.folder, "state");
      const driver = systemdByHand(
        {
          stateDir,
          unitDir: machine.unitDir,
          services: {
            web: {
              unit: `${bed.name}@.service`,
              ports: bed.ports,
              link: join(bed.folder, "current-{instance}"),
            },
          },
          journal: join(stateDir, "journal.db"),
          front: {
            mark: { name: "LASTGOOD_PROXY", value: stateDir },
            listen: { host: "127.0.0.1", port: publicPort },
          },
        },
        { files: localFiles() },
      );
      const fake = fakeApp();
      const app = {
        ...fake.app,
        care: () => ({ parts: noParts, glass: { driver, folder, files: localFiles() } }),
      };
      app.deps.ledger.record([
        { type: "release.made", data: { env: "production", release: captured.value } },
        { type: "release.became-good", data: { env: "production", release: captured.value.id, why: "test" } },
      ]);
      const [site] = app.sites.values();
      if (!site) throw new Error("no site");
      const written = await refreshBreakGlass(app, site);
      expect(written.ok, JSON.stringify(written)).toBe(true);
      const bad = await bed.runtime.capture("v2");
      if (!bad.ok) throw new Error(bad.error.what);
      await bed.runtime.start(bed.op("bad"), "web", bad.value);
      rmSync(stateDir, { recursive: true, force: true });
      const tools = busybox(bed.folder);

      const ended = await machine.host.run({
        argv: [join(tools, "env"), `PATH=/usr/bin:${tools}`, "/usr/bin/dash", join(folder, "production.sh")],
        effect: "write",
        op: null,
        timeoutMs: slowMs,
      });

      const said = ended.ok ? `${ended.value.stdout}${ended.value.stderr}` : JSON.stringify(ended);
      expect(ended.ok && ended.value.exitCode, said).toBe(0);
      // There is nothing to ask with on that machine, and the script says so; here there is.
      expect(said).toContain("Neither curl nor wget is here");
      const ask = () =>
        fetch(`http://${machine.address}:${publicPort}/`)
          .then((one) => one.text())
          .catch(() => null);
      await expect.poll(ask, { timeout: 20_000 }).toBe(captured.value.id);
      expect(await machine.ctl("show", "--property=NRestarts", "--value", `${bed.name}@blue.service`)).toBe(
        "0",
      );
    },
    slowMs,
  );

  test(
    "units are looked at, their output is read page by page, and a restart gives a new run",
    async () => {
      const name = "talker";
      const program = `let i = 0; console.log("token " + process.env.API_TOKEN); setInterval(() => console.log("line", i++), 100)`;
      await machine.unit(
        `${name}.service`,
        `[Service]\nEnvironment=API_TOKEN=hunter2secret\nExecStart=/usr/local/bin/node -e '${program}'\n`,
      );
      const parts = unitParts([{ name, kind: "unit", units: [`${name}.service`] }], {
        host: machine.host,
        redactor,
      });
      const check = units([name], { host: machine.host, clock: systemClock() });
      const never = new AbortController().signal;
      expect(await check.look(never)).toMatchObject({ value: [{ is: "bad", what: "is not running" }] });
      await machine.ctl("start", `${name}.service`);
      expect(await check.look(never)).toMatchObject({ value: [{ is: "well", about: `${name}.service` }] });
      const seen: string[] = [];
      let after: string | null = null;
      while (seen.length < 12) {
        const page = await parts.logs(name, { lines: 100, sinceMs: null, after });
        if (!page.ok) throw new Error(page.error.what);
        seen.push(...page.value.lines.map((line) => line.text.replace(/^\S+: /, "")));
        after = page.value.next || null;
      }
      const said = seen.filter((text) => /^(token|line)/.test(text));
      expect(said[0]).toBe("token [secret]");
      expect(said.slice(1)).toEqual(said.slice(1).map((_, i) => `line ${i}`));
      const invocation = () => machine.ctl("show", "--property=InvocationID", "--value", `${name}.service`);
      const before = await invocation();
      const op = { id: "op-1", epoch: 1, signal: never };
      expect(await parts.restart(op, name)).toMatchObject({ ok: true });
      expect(await invocation()).not.toBe(before);
    },
    slowMs,
  );
});
