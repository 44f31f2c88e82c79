// Two real logs in which nothing is the release's fault.
import type { BenchResult } from "../../document.ts";
import { everyStart, readReal } from "../real-log.ts";
import { begin, share } from "../report.ts";

export function realLogs(seed: number): readonly BenchResult[] {
  return ["site-access.log.gz", "scanner-access.log.gz"].flatMap((name) => {
    begin(`every line of ${name} as a deploy`, seed);
    const log = readReal(name);
    if (log === null) return [absent(name)];
    const all = everyStart(log);
    const back = all.filter(({ ended }) => ended === "rolled-back").length;
    const single = all.filter(({ singleClientAtS }) => singleClientAtS !== null).length;
    const label = `${name}, a deploy at each of ${all.length} lines, watched for 30 minutes: rolled back`;
    const note = `${back} of ${all.length}; named as one client's trouble ${single} times; ${log.unparsed} lines not read`;
    // All start points of one log are no sample: the count itself is the figure.
    return [{ ...share(label, back, all.length, null), target: "<= 0", met: back === 0, note }];
  });
}

function absent(name: string): BenchResult {
  return {
    ...share(`${name}: not on this machine`, 0, 1, null),
    note: "skipped: ../shared/data is missing; nothing was measured",
  };
}
