// Runs pgBackRest itself, and says how it ended in words.
import { ok, problem, type Result } from "../../../core/result.ts";
import { type Archive, type OwnerCall, runAsOwner } from "./archive.ts";

/** As a person would type it; for next steps. */
export function typed({ config }: Pick<Archive, "config">, command: string): string {
  const own = config.configFile === null ? "" : `--config=${config.configFile} `;
  return `sudo -u ${config.user} pgbackrest ${own}--stanza=${config.stanza} ${command}`;
}

const LAST_WORDS = 6;
/** `ERROR: [055]: …`: another of its commands holds the lock. */
const locked = /\[050\]/;
/** The shell's and setpriv's word for a program that is not there. */
const NOT_THERE = 127;

/** Its standard output. `missing` where it is not installed, `busy` where another one works, else `failed`. */
export async function backrest(
  archive: Archive,
  [command, ...args]: readonly [string, ...string[]],
  call: OwnerCall,
): Promise<Result<string>> {
  const { stanza, configFile } = archive.config;
  const settings = configFile === null ? [] : [`--config=${configFile}`];
  const logs = ["--log-level-console=off", "--log-level-stderr=warn"];
  const argv = ["pgbackrest", command, ...settings, `--stanza=${stanza}`, ...logs, ...args];
  const ran = await runAsOwner(archive, argv, call);
  if (!ran.ok) return ran.error.code === "missing" ? notInstalled() : ran;
  const { exitCode, cancelled, timedOut, stdout, stderr } = ran.value;
  if (cancelled)
    return problem("cancelled", `pgbackrest ${command} was called off`, "run again if it is still wanted");
  if (exitCode === 0) return ok(stdout);
  if (exitCode === NOT_THERE) return notInstalled();
  const lines = stderr.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "").slice(0, LAST_WORDS);
  const why = timedOut ? "took too long" : said.join(" ") || `ended with ${exitCode ?? ran.value.signal}`;
  if (locked.test(why))
    return problem("busy", `another pgbackrest works on ${stanza}: ${why}`, "wait until it has ended");
  return problem(
    "failed",
    `pgbackrest ${command}: ${why}`,
    `mend what it says; look with: ${typed(archive, "check")}`,
  );
}

function notInstalled(): Result<never> {
  return problem("missing", "pgbackrest is not on this machine", "install it: apt-get install pgbackrest");
}
