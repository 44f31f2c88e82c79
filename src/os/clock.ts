// The machine's clocks.
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import type { Clock } from "../ports/clock.ts";

const LINUX_BOOT_ID = "/proc/sys/kernel/random/boot_id";
/** Longest delay that a timer of Node can hold, in milliseconds; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Boot time is worked out from two clocks that jitter; rounding hides that. */
const BOOT_TIME_STEP_MS = 60_000;

export function systemClock(): Clock {
  const boot = readBootId(LINUX_BOOT_ID);
  return { now: () => Date.now(), elapsed, bootId: () => boot, sleep };
}

/** Counted from boot, not from the start of this process, so that two controllers of one boot agree. */
function elapsed(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** The kernel's id of this boot; where there is none, the boot's time by the minute. */
export function readBootId(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // A wrong guess (a clock was set) looks like a reboot, and that only makes us look at the target again.
    const bootedAt = Date.now() - uptime() * 1_000;
    return `boot-${Math.round(bootedAt / BOOT_TIME_STEP_MS)}`;
  }
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const until = elapsed() + ms;
  while (!signal?.aborted) {
    const left = until - elapsed();
    if (left <= 0) return;
    await nap(Math.min(left, LONGEST_TIMER_MS), signal);
  }
}

function nap(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.ceil(ms));
    signal?.addEventListener("abort", wake, { once: true });
  });
}
