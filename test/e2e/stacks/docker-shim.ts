// A docker program that counts its calls, and dies by SIGKILL in the middle of one of them.
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type DockerShim = {
  /** For the environment of a controller: its docker is this one. */
  readonly path: string;
  /** The n-th call from now on is killed so long after its start; 0: none. */
  arm(call: number, afterMs: number): Promise<void>;
  /** Calls since `arm`. */
  calls(): Promise<number>;
  /** The armed call came, and ended by SIGKILL: in the middle, or before it could say that it had ended well. */
  killed(): Promise<boolean>;
};

export async function dockerShim(folder: string): Promise<DockerShim> {
  const real = execFileSync("sh", ["-c", "command -v docker"], { encoding: "utf8" }).trim();
  const bin = join(folder, "bin");
  const at = (name: string) => join(folder, name);
  await mkdir(bin, { recursive: true });
  // Calls run side by side: whoever makes the folder is the one. The client of the engine is a child here, and gets our standard input: a shell would give it none.
  await writeFile(
    join(bin, "docker"),
    `#!/bin/sh
echo call >> ${at("calls")}
read -r call seconds < ${at("armed")}
if [ "$call" -eq 0 ] || [ "$(wc -l < ${at("calls")})" -lt "$call" ] || ! mkdir ${at("taken")} 2>/dev/null
then exec ${real} "$@"; fi
${real} "$@" <&0 &
sleep "$seconds"
kill -9 $! 2>/dev/null
echo killed > ${at("killed")}
kill -9 $$
`,
  );
  await chmod(join(bin, "docker"), 0o755);
  return {
    path: `${bin}:${process.env["PATH"] ?? ""}`,
    async arm(call, afterMs) {
      await writeFile(at("armed"), `${call} ${(afterMs / 1_000).toFixed(3)}\n`);
      await writeFile(at("calls"), "");
      for (const name of ["killed", "taken"]) await rm(at(name), { recursive: true, force: true });
    },
    calls: async () => (await readFile(at("calls"), "utf8")).length / "call\n".length,
    killed: async () => (await readFile(at("killed"), "utf8").catch(() => "")) !== "",
  };
}
