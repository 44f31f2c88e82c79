// The line that carries a command, and what comes back about its end.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { quote, remoteEnd, remoteLine, remoteText, unsendable } from "../../../src/os/remote-line.ts";
import { naughty } from "../../../src/testing/contracts/host.ts";

const shells = ["/bin/dash", "/bin/bash", "/bin/zsh", "/bin/ksh", "/bin/busybox"].filter(existsSync);
const show = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
const text = fc.string({ unit: "grapheme", maxLength: 30 }).filter((each) => !each.includes("\0"));
const nasty = fc.string({
  unit: fc.constantFrom(..."'\"\\$`\n\r\t *?[]{}()<>|&;#!~=%-aü\u0001"),
  maxLength: 40,
});

/** As sshd would: the login shell gets the fixed text, the line comes over standard input. */
function through(shell: string, args: readonly string[]): unknown {
  const own = shell.endsWith("busybox") ? ["sh"] : [];
  const argv: [string, ...string[]] = [process.execPath, "-e", show, "--", ...args];
  const input = `${remoteLine({ argv, op: null }, "m")}\n`;
  return JSON.parse(execFileSync(shell, [...own, "-c", remoteText], { input, stdio: "pipe" }).toString());
}

test.each(shells)("%s gives arguments on as they stand", { timeout: 120_000 }, (shell) => {
  expect(through(shell, naughty)).toEqual(naughty);
  const list = fc.array(fc.oneof(text, nasty), { minLength: 20, maxLength: 40 });
  fc.assert(
    fc.property(list, (args) => {
      expect(through(shell, args)).toEqual(args);
    }),
    { numRuns: 15 },
  );
});

test("at least two shells were asked", () => {
  expect(shells.length).toBeGreaterThanOrEqual(2);
});

test("whatever is quoted is one line, and opens no quote that it does not close", () => {
  fc.assert(
    fc.property(fc.oneof(text, nasty), (each) => {
      const quoted = quote(each);
      expect(quoted).not.toContain("\n");
      const plain = quoted.replaceAll(`'"$lg_n"'`, "").replaceAll("'\\''", "");
      expect(plain).toMatch(/^'[^']*'$/);
    }),
  );
});

test("what is sent is said by what is to be run, and no secret stands in what others can see", () => {
  const command = { argv: ["psql"] as const, op: "op-1", env: { PGPASSWORD: "s3cret" }, cwd: "/srv/app" };
  expect(remoteText).not.toContain("s3cret");
  const line = remoteLine(command, "m");
  expect(line).toContain("export PGPASSWORD='s3cret'");
  expect(line).toContain("export LASTGOOD_OP='op-1'");
  expect(line).toContain("(exec 'psql')");
});

test.each([
  [{ argv: ["a", "b\0"] as const }, "NUL"],
  [{ argv: [""] as const }, "no name of a program"],
  [{ argv: ["-x"] as const }, "no name of a program"],
  [{ argv: ["a"] as const, env: { "A B": "" } }, "no name of a variable"],
  [{ argv: ["a"] as const, env: { "A;exit": "" } }, "no name of a variable"],
])("%j can't be sent", (command, why) => {
  expect(unsendable(command as never)).toContain(why);
});

test("the end is found among what the program wrote, and taken out", () => {
  expect(remoteEnd("a\nm ended 3\nb", "m")).toEqual({ kind: "ended", exitCode: 3, stderr: "a\nb" });
  expect(remoteEnd("no line endm ended 0\n", "m")).toEqual({
    kind: "ended",
    exitCode: 0,
    stderr: "no line end",
  });
  expect(remoteEnd("m missing-folder\n", "m")).toEqual({ kind: "missing-folder" });
  expect(remoteEnd("m missing-program\n", "m")).toEqual({ kind: "missing-program" });
  expect(remoteEnd("m ended 3", "m")).toEqual({ kind: "lost", stderr: "m ended 3" });
  expect(remoteEnd("", "m")).toEqual({ kind: "lost", stderr: "" });
});
