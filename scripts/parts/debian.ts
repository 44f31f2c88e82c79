// Installs Debian packages, all that are missing in one go.
import { access, chmod, rename, rm, writeFile } from "node:fs/promises";
import { findProgram } from "./find-program.ts";
import { keepsParts } from "./place.ts";
import { ownEnv, tryRun } from "./run.ts";

const limitMs = 5 * 60_000;
const attempts = 2;
/** Asked by package scripts whether daemons may be started; 101 says no. */
const policyFile = "/usr/sbin/policy-rc.d";

/**
 * Does nothing where we are not root or there is no apt-get, or with LASTGOOD_PARTS=keep. Daemons are not started.
 * Whether it helped is for the parts to see.
 */
export async function installDebian(names: readonly string[], say: (line: string) => void): Promise<void> {
  if (names.length === 0 || process.geteuid?.() !== 0 || keepsParts()) return;
  if ((await findProgram("apt-get")) === null) return;
  say(`installing Debian packages for the tests (LASTGOOD_PARTS=keep leaves them out): ${names.join(" ")}`);
  await withoutStarts(async () => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      await apt(["update"]);
      if (await apt(["install", "--yes", "--no-install-recommends", ...names])) return;
    }
    say("apt-get could not install all of them");
  });
}

async function apt(args: readonly string[]): Promise<boolean> {
  const ended = await tryRun(["apt-get", "-q", ...args], {
    timeoutMs: limitMs,
    env: { ...ownEnv(), DEBIAN_FRONTEND: "noninteractive" },
  });
  return ended?.exitCode === 0;
}

/** Puts the policy there for as long as `work` takes, and what was there before back again. */
async function withoutStarts(work: () => Promise<void>): Promise<void> {
  const kept = `${policyFile}.before-lastgood`;
  const had = await access(policyFile).then(
    () => true,
    () => false,
  );
  if (had) await rename(policyFile, kept);
  try {
    await writeFile(policyFile, "#!/bin/sh\nexit 101\n");
    await chmod(policyFile, 0o755);
    await work();
  } finally {
    await rm(policyFile, { force: true });
    if (had) await rename(kept, policyFile);
  }
}
