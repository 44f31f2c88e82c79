// CPU time of another program.
import { spawnSync } from "node:child_process";

const script =
  'open(STDOUT, ">", "/dev/null"); system {$ARGV[0]} @ARGV; die if $?; my @t = times; print STDERR "\\ncpu " . ($t[2] + $t[3])';

/** Seconds of a program and what it started, by perl's `times`; null where it, or perl, is not there or failed. */
export function cpuOf(argv: readonly string[]): number | null {
  const ended = spawnSync("perl", ["-e", script, ...argv], { encoding: "utf8", timeout: 300_000 });
  const found = ended.status === 0 ? /\ncpu ([\d.]+)$/.exec(ended.stderr) : null;
  return found ? Number(found[1]) : null;
}
