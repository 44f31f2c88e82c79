// The two public logs: read as they are, and every line of them taken as the moment of a deploy.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { clientNames, type Played, play } from "../../src/core/replay/play.ts";
import type { Recorded } from "../../src/core/replay/recorded.ts";
import { logRecorder } from "../../src/drivers/signals/log/read.ts";
import { watch } from "./pipeline.ts";

const folder = join(import.meta.dirname, "../../../shared/data");

/** Null where the file is not on this machine. */
export function readReal(name: string): Recorded | null {
  const path = join(folder, name);
  if (!existsSync(path)) return null;
  const bytes = gunzipSync(readFileSync(path));
  const made = logRecorder("auto", bytes.subarray(0, bytes.lastIndexOf(10, 1 << 16) + 1));
  if (!made.ok) throw new Error(made.error.what);
  made.value.take(bytes);
  return made.value.log;
}

/** As if a healthy release had gone out just before each request of the log. */
export function everyStart(log: Recorded): readonly Played[] {
  const names = clientNames(log.clients);
  return Array.from({ length: log.count }, (_, from) =>
    play(log, names, {
      from,
      to: log.count,
      deployAtMs: log.atMs[from] ?? 0,
      threshold: watch.threshold,
      watchS: watch.horizonS,
      waitForVerdict: false,
      inject: null,
    }),
  );
}
