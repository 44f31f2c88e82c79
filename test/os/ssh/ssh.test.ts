// Hosts over ssh: whom they trust, and what is said when the connection goes.
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isGone, readStat } from "../../../src/os/proc.ts";
import { localProcesses } from "../../../src/os/processes.ts";
import { sshHost } from "../../../src/os/ssh.ts";
import type { Command, Finished } from "../../../src/ports/host.ts";
import { pause } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { endLater, until } from "../programs.ts";
import { type SshBed, sshBed } from "./bed.ts";

const slowMs = 60_000;

function node(code: string, more: Partial<Command> = {}): Command {
  return { argv: [process.execPath, "-e", code], effect: "read", op: null, timeoutMs: 30_000, ...more };
}

async function ended({ host }: SshBed, command: Command): Promise<Finished> {
  const result = await host.run(command);
  if (!result.ok) throw new Error(result.error.what);
  return result.value;
}

(await describeWith("sshd"))("trust", () => {
  test("a host key that nobody accepted is refused, and nothing runs", { timeout: slowMs }, async () => {
    const bed = await sshBed(undefined, false);
    const path = join(bed.sshd.folder, "ran");
    expect(
      await bed.host.run(node(`require("fs").writeFileSync(${JSON.stringify(path)}, "")`)),
    ).toMatchObject({
      ok: false,
      error: { code: "refused", what: expect.stringContaining("nobody has accepted") },
    });
    expect(existsSync(path)).toBe(false);
    expect(await readFile(bed.places.knownHosts, "utf8")).toBe("");
  });

  test("a changed host key is refused, and said as what it is", { timeout: slowMs }, async () => {
    const bed = await sshBed();
    expect((await bed.host.connect()).ok).toBe(true);
    await bed.sshd.killSessions();
    await bed.sshd.changeHostKey();
    await until(() => !existsSync(bed.control));
    expect(await bed.host.run(node(""))).toMatchObject({
      ok: false,
      error: { code: "refused", what: expect.stringContaining("another host key") },
    });
  });

  test("a key that is not let in, a port without sshd, a name that is not there", {
    timeout: slowMs,
  }, async () => {
    const bed = await sshBed();
    await writeFile(join(bed.sshd.folder, "authorized_keys"), "");
    const code = async (change: object) => {
      const result = await sshHost({ ...bed.target, ...change }, bed.places, bed.local).run(node(""));
      return result.ok ? "ok" : `${result.error.code}: ${result.error.what}`;
    };
    expect(await code({})).toBe("refused: host web-1 does not let us in");
    await bed.sshd.stop();
    expect(await code({})).toBe("unreachable: host web-1 refuses connections on that port");
    expect(await code({ host: "no-such-host.invalid" })).toBe(
      "unreachable: host web-1 can't be found by its name",
    );
  });
});

(await describeWith("sshd"))("what is sent", () => {
  test("generated arguments, variables and input arrive as they stand", { timeout: slowMs }, async () => {
    const bed = await sshBed();
    const nasty = fc.string({
      unit: fc.constantFrom(..."'\"\\$`\n\r\t *?[]{}()<>|&;#!~=%-aü\u0001"),
      maxLength: 40,
    });
    const text = fc.oneof(
      nasty,
      fc.string({ unit: "grapheme", maxLength: 30 }).map((each) => each.replaceAll("\0", "")),
    );
    const code = `const given = process.argv.slice(1);
      process.stdin.setEncoding("utf8").reduce((all, one) => all + one, "").then((input) =>
        process.stdout.write(JSON.stringify([given, process.env.GIVEN, input])));`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 20, maxLength: 40 }),
        text,
        text,
        async (args, env, stdin) => {
          const argv = [process.execPath, "-e", code, "--", ...args] as const;
          const end = await ended(bed, { ...node(""), argv, env: { GIVEN: env }, stdin });
          expect(JSON.parse(end.stdout)).toEqual([args, env, stdin]);
        },
      ),
      { numRuns: 25 },
    );
  });
});

(await describeWith("sshd"))("a connection that goes", () => {
  test("in the middle of a command: nobody knows its end, and the next one works", {
    timeout: slowMs,
  }, async () => {
    const bed = await sshBed();
    const begun = join(bed.sshd.folder, "begun");
    const op = `op-ssh-lost-${process.pid}`;
    endLater("LASTGOOD_OP", op);
    const running = ended(
      bed,
      node(`require("fs").writeFileSync(${JSON.stringify(begun)}, ""); setInterval(() => {}, 1000)`, { op }),
    );
    await until(() => existsSync(begun));
    expect(await bed.sshd.killSessions()).toBeGreaterThan(0);
    const end = await running;
    expect(end).toMatchObject({ exitCode: null, signal: null, timedOut: false, cancelled: false });
    expect(end.stderr).toContain("the connection to web-1 was lost");
    expect((await ended(bed, node('process.stdout.write("back")'))).stdout).toBe("back");
    // It does go on over there: that is why the caller has to ask the target.
    expect((await localProcesses().find("LASTGOOD_OP", op)).length).toBeGreaterThan(0);
  });

  test("the shared connection is killed between two commands: a new one is made", {
    timeout: slowMs,
  }, async () => {
    const bed = await sshBed();
    await ended(bed, node(""));
    const masters = (await allProcesses()).filter(({ title }) => title.includes(bed.control));
    expect(masters.length).toBe(1);
    for (const { pid } of masters) process.kill(pid, "SIGKILL");
    await until(() => masters.every(({ pid }) => isGone(readStat("/proc", pid))));
    expect(existsSync(bed.control)).toBe(true); // a killed one leaves its socket
    expect((await ended(bed, node('process.stdout.write("back")'))).stdout).toBe("back");
    expect((await allProcesses()).filter(({ title }) => title.includes(bed.control)).length).toBe(1);
  });

  test("commands at once make one connection, not one each", { timeout: slowMs }, async () => {
    const bed = await sshBed();
    const seen = await Promise.all(
      Array.from({ length: 12 }, () => ended(bed, node("process.stdout.write(process.env.SSH_CONNECTION)"))),
    );
    expect(new Set(seen.map(({ stdout }) => stdout)).size).toBe(1);
  });

  test("one that is called off while we connect does not call off the others", {
    timeout: slowMs,
  }, async () => {
    const bed = await sshBed();
    const off = new AbortController();
    const first = bed.host.run(node(""), off.signal);
    const second = bed.host.run(node('process.stdout.write("here")'));
    await new Promise((resolve) => setImmediate(resolve));
    off.abort();
    expect(await second).toMatchObject({ ok: true, value: { stdout: "here" } });
    expect(await first).toMatchObject({ ok: false, error: { code: "cancelled" } });
  });

  test("a command that was given up may go on over there, with its op to be found by", {
    timeout: slowMs,
  }, async () => {
    const bed = await sshBed();
    const op = `op-ssh-late-${process.pid}`;
    endLater("LASTGOOD_OP", op);
    const end = await ended(bed, node("setInterval(() => {}, 1000)", { op, timeoutMs: 3_000 }));
    expect(end).toMatchObject({ timedOut: true, exitCode: null });
    await pause();
    expect((await localProcesses().find("LASTGOOD_OP", op)).length).toBeGreaterThan(0);
  });
});

async function allProcesses(): Promise<readonly { readonly pid: number; readonly title: string }[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => ({
      pid,
      title: await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
    })),
  );
  return found.filter(({ title }) => title.startsWith("ssh"));
}
