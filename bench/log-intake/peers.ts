// Other programs on the same file: what they do with it is less than ours, or other.
import { type Stats, stats } from "../document.ts";
import { cpuOf } from "./cpu.ts";

const count = "$9 >= 500 { n++ } END { print n + 0, NR }";

function programs(path: string): Readonly<Record<string, readonly string[]>> {
  return {
    "mawk, one field counted": ["mawk", count, path],
    "gawk, one field counted": ["gawk", count, path],
    GoAccess: ["goaccess", path, "--log-format=COMBINED", "--no-progress", "-o", "json"],
    lnav: ["lnav", "-n", "-c", ";SELECT count(*) FROM access_log WHERE sc_status >= 500", path],
  };
}

const samples = 2;

/** Million lines a second of CPU time; `missing`: by name, what is not here or failed. */
export function peerPasses(path: string, lines: number) {
  const speeds: Record<string, Stats> = {};
  const missing: string[] = [];
  for (const [name, argv] of Object.entries(programs(path))) {
    const seconds = Array.from({ length: samples }, () => cpuOf(argv));
    const known = seconds.filter((one) => one !== null && one > 0) as number[];
    if (known.length === samples) speeds[name] = stats(known.map((one) => lines / one / 1e6));
    else missing.push(name);
  }
  return { speeds, missing };
}
