// The real parts that tests need. A new one is one line here, or one file and one line.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { installDebian } from "./debian.ts";
import { docker } from "./docker.ts";
import { node } from "./node.ts";
import type { Part } from "./part.ts";
import { keepsParts } from "./place.ts";
import { programPart } from "./program.ts";
import { root } from "./root.ts";
import { xfs } from "./xfs.ts";

/** Debian keeps the servers of each version of PostgreSQL in a folder of its own. */
export const postgresHome = "/usr/lib/postgresql";

export const parts: readonly Part[] = [
  node,
  root,
  programPart({
    name: "strace",
    for: "failing system calls under the journal (test/journal/faults.test.ts)",
    programs: ["strace"],
    packages: ["strace"],
  }),
  programPart({
    name: "nginx",
    for: "nginx on the host (test/drivers/traffic)",
    programs: ["nginx"],
    packages: ["nginx"],
  }),
  programPart({
    name: "haproxy",
    for: "haproxy's runtime socket (test/drivers/traffic)",
    programs: ["haproxy"],
    packages: ["haproxy"],
  }),
  programPart({
    name: "redis",
    for: "flags and doctor (test/parts/redis.ts)",
    programs: ["redis-server", "redis-cli"],
    packages: ["redis-server"],
  }),
  programPart({
    name: "postgres",
    for: "databases, backups, migrations (test/parts/postgres.ts)",
    programs: ["postgres", "initdb", "pg_ctl", "psql"],
    packages: ["postgresql"],
    folders: postgresFolders,
  }),
  programPart({
    name: "pgbouncer",
    for: "restores behind a pooler (test/drivers/database/postgres)",
    programs: ["pgbouncer"],
    packages: ["pgbouncer"],
  }),
  programPart({
    name: "pgbackrest",
    for: "point in time recovery (test/drivers/database)",
    programs: ["pgbackrest"],
    packages: ["pgbackrest"],
  }),
  xfs,
  programPart({
    name: "sshd",
    for: "hosts over OpenSSH (test/os/ssh)",
    programs: ["sshd", "ssh", "ssh-keygen", "ssh-keyscan"],
    packages: ["openssh-server"],
  }),
  programPart({
    name: "chromium",
    for: "pages in a browser",
    programs: ["chromium"],
    packages: ["chromium"],
  }),
  programPart({
    name: "systemd",
    for: "units, in a container of their own (test/drivers/runtime/systemd.test.ts)",
    programs: ["systemd", "systemctl", "journalctl"],
    packages: ["systemd"],
    folders: async () => ["/usr/lib/systemd"],
  }),
  docker,
];

/** Newest first. */
export async function postgresFolders(): Promise<readonly string[]> {
  const versions = await readdir(postgresHome).catch(() => []);
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(postgresHome, version, "bin"));
}

/**
 * Install what is missing, start all, say how it went, and return the names of those that could not be had.
 * Packages are installed in one go, before any part starts.
 */
export async function startParts(
  all: readonly Part[],
  say: (line: string) => void,
  install: (packages: readonly string[], say: (line: string) => void) => Promise<void> = installDebian,
): Promise<readonly string[]> {
  const packages = new Set<string>();
  for (const part of all) {
    if ((await part.isInstalled?.()) !== false) continue;
    for (const name of part.packages ?? []) packages.add(name);
  }
  if (packages.size > 0) await install([...packages], say);
  const missing: string[] = [];
  for (const part of all) {
    const looked = await part.start();
    if (looked.there) {
      say(`part ${part.name}: ${looked.what}`);
    } else {
      say(`part ${part.name}: MISSING, needed for ${part.for}. ${looked.how}`);
      missing.push(part.name);
    }
  }
  return missing;
}

/** End what was started, last first. What does not end is said, and no failure of the tests. */
export async function stopParts(all: readonly Part[], say: (line: string) => void): Promise<void> {
  if (keepsParts()) return;
  for (const part of all.toReversed()) {
    await part
      .stop?.()
      .catch((error: unknown) => say(`part ${part.name} did not end: ${(error as Error).message}`));
  }
}
