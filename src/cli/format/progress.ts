// The bar of a long act without steps: bytes or rows, and the time left; on a terminal one line that is redrawn.
import { type Progressed, progressText } from "../../core/view/progress.ts";
import { sentence } from "../../core/view/timeline.ts";
import type { Io } from "../io.ts";
import { clockTime, harmless, paint } from "./paint.ts";
import type { Showing } from "./steps.ts";

const barWidth = 24;
/** Without a terminal, one line in so long. */
const plainEveryMs = 5_000;

/** Facts as lines, and below them how far the act is. */
export function showProgress(io: Io): Showing {
  const began = new Map<string, number>();
  let drawn = false;
  let told = performance.now();
  const clear = () => {
    if (drawn) io.err("\u001b[1A\u001b[2K");
    drawn = false;
  };
  return {
    durations: () => undefined,
    event(event) {
      const text = sentence(event, {});
      if (text === null) return;
      clear();
      io.err(io.live ? `${harmless(text)}\n` : `${clockTime(event.at)} ${harmless(text)}\n`);
    },
    progressed(progressed) {
      const now = performance.now();
      if (!began.has(progressed.what)) began.set(progressed.what, now);
      const text = progressText(progressed, now - (began.get(progressed.what) ?? now));
      if (io.live) {
        clear();
        io.err(`${bar(progressed, io)}${harmless(text).slice(0, Math.max(20, io.columns - barWidth - 3))}\n`);
        drawn = true;
      } else if (now - told >= plainEveryMs) {
        told = now;
        io.err(`${harmless(text)}\n`);
      }
    },
    stop: clear,
  };
}

function bar({ done, total }: Progressed, io: Io): string {
  if (total === null || total <= 0) return "";
  const full = Math.round(Math.min(1, done / total) * barWidth);
  const { green, dim } = paint(io.color);
  return `${green("█".repeat(full))}${dim("░".repeat(barWidth - full))} `;
}
