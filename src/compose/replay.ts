// lastgood replay, wired: reads the log, then plays it. Needs neither a config nor a controller.
import { type ReplayWish, replay } from "../app/replay.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { LogFormatChoice } from "../drivers/signals/log/log.ts";
import { type LogRecorder, logRecorder } from "../drivers/signals/log/read.ts";
import { systemClock } from "../os/clock.ts";
import { logBlocks } from "../os/log-blocks.ts";

/** Progress is told this often, the first time after as long. */
const sayEveryMs = 1_000;

export async function runReplay(wish: ReplayWish, say: (line: string) => void): Promise<Outcome> {
  const clock = systemClock();
  let recorder: LogRecorder | null = null;
  let toldAt = clock.elapsed();
  try {
    for await (const block of logBlocks(wish.file)) {
      if (recorder === null) {
        const made = logRecorder(formatOf(wish.format), block);
        if (!made.ok) return stopped("replay", null, made.error);
        recorder = made.value;
      }
      recorder.take(block);
      if (clock.elapsed() - toldAt < sayEveryMs) continue;
      toldAt = clock.elapsed();
      say(`${recorder.log.count.toLocaleString("en-US")} requests read`);
    }
  } catch (error) {
    const what = `${wish.file} cannot be read: ${(error as Error).message}`;
    const next = "name a log file, plain or .gz, or - for standard input";
    return stopped("replay", null, { code: "usage", what, next });
  }
  if (recorder === null) {
    const next = "name a log that has lines";
    return stopped("replay", null, { code: "usage", what: `${wish.file} is empty`, next });
  }
  if (clock.elapsed() - toldAt >= sayEveryMs) say("playing it");
  return replay(recorder.log, recorder.format, wish);
}

function formatOf(text: string | null): LogFormatChoice | "auto" {
  if (text === null || text === "auto") return "auto";
  if (text === "combined" || text === "caddy" || text === "traefik" || text === "traefik-json") return text;
  return { nginx: { format: text, escape: text.startsWith("{") ? "json" : "default", client: null } };
}
