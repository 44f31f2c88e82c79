// Time for clients in tests: it runs like the machine's, or jumps from one timer to the next, with real sockets beneath.
import type { Timers } from "../../packages/flags/src/index.ts";

type Due = { readonly at: number; readonly act: () => void; real: NodeJS.Timeout | null };

export function playTimers() {
  const dues = new Set<Due>();
  let live = true;
  let base = 0;
  let since = performance.now();
  const now = () => (live ? base + performance.now() - since : base);
  const fire = (due: Due) => {
    if (dues.delete(due)) due.act();
  };
  const arm = (due: Due) => {
    due.real = live ? setTimeout(() => fire(due), Math.max(0, due.at - now())) : null;
  };
  const timers: Timers = {
    now,
    after(ms, act) {
      const due: Due = { at: now() + ms, act, real: null };
      dues.add(due);
      arm(due);
      return () => {
        dues.delete(due);
        if (due.real) clearTimeout(due.real);
      };
    },
  };
  function run(live_: boolean): void {
    base = now();
    since = performance.now();
    live = live_;
    for (const due of dues) {
      if (due.real) clearTimeout(due.real);
      arm(due);
    }
  }
  return {
    timers,
    /** Let this much time pass, timer by timer; after each, what real sockets have to say is heard. */
    async pass(ms: number, each: () => void = () => undefined): Promise<void> {
      run(false);
      const end = base + ms;
      for (;;) {
        const next = [...dues].sort((a, b) => a.at - b.at)[0];
        if (!next || next.at > end) break;
        base = Math.max(base, next.at);
        fire(next);
        each();
        await new Promise((resolve) => setTimeout(resolve, 2));
        each();
      }
      base = end;
    },
    /** Time runs like the machine's again. */
    go: () => run(true),
  };
}
