import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseLdd } from "../../../src/drivers/traffic/edge/libraries.ts";
import { modulesOf } from "../../../src/drivers/traffic/edge/modules.ts";
import { tarBytes, tarLayout } from "../../../src/drivers/traffic/edge/tar.ts";
import { localFiles } from "../../../src/os/files.ts";
import { value } from "../../proxy/bed.ts";

const root = resolve(import.meta.dirname, "../../..");

test("libraries are those that the loader of glibc names, with the loader itself", () => {
  const text = `\tlinux-vdso.so.1 (0x00007ffe)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f01)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f02)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f03)\n`;
  expect(value(parseLdd(text))).toEqual([
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/x86_64-linux-gnu/libm.so.6",
    "/lib64/ld-linux-x86-64.so.2",
  ]);
});

test("libraries of musl are found too, and one that is missing is told by name", () => {
  const musl =
    "\t/lib/ld-musl-x86_64.so.1 (0x7f1)\n\tlibstdc++.so.6 => /usr/lib/libstdc++.so.6 (0x7f2)\n\tlibc.musl-x86_64.so.1 => /lib/ld-musl-x86_64.so.1 (0x7f1)\n";
  expect(value(parseLdd(musl))).toEqual(["/lib/ld-musl-x86_64.so.1", "/usr/lib/libstdc++.so.6"]);
  const missing = parseLdd("\tlibatomic.so.1 => not found\n");
  expect(missing.ok ? "" : missing.error.what).toContain("libatomic.so.1");
});

test("the edge gets its entry, what that imports, and zod, and nothing of the controller", async () => {
  const found = value(await modulesOf(resolve(root, "src/proxy/main.ts"), root, localFiles()));
  const paths = found.modules.map(({ to }) => to);
  expect(found.entry).toBe("src/proxy/main.ts");
  expect(paths).toContain("src/proxy/exchange.ts");
  expect(paths).toContain("src/core/limits.ts");
  expect(paths).toContain("node_modules/zod/package.json");
  expect(paths.filter((path) => /^src\/(?!proxy|core)/.test(path))).toEqual([]);
});

test("an archive is one that tar reads, with names, modes and sizes", () => {
  const long = `${"deep/".repeat(25)}file`;
  const entries = [
    { path: "tmp/", mode: 0o1777, size: 0 },
    { path: "a/b", mode: 0o755, size: 3 },
    { path: long, mode: 0o644, size: 0 },
  ];
  const archive = Buffer.alloc(tarBytes(entries));
  const starts = value(tarLayout(entries, archive));
  archive.write("xyz", starts[1] ?? 0);
  const listed = execFileSync("tar", ["--list", "--verbose", "--file", "-"], { input: archive }).toString();
  expect(listed).toMatch(/^drwxrwxrwt 0\/0 +0 .* tmp\/$/m);
  expect(listed).toMatch(/^-rwxr-xr-x 0\/0 +3 .* a\/b$/m);
  expect(listed).toContain(long);
  expect(
    execFileSync("tar", ["--extract", "--to-stdout", "--file", "-", "a/b"], { input: archive }).toString(),
  ).toBe("xyz");
});
