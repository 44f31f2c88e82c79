// What is asked at an interval, without anybody waiting for the answer: the newest answers, numbered.
import { z } from "zod";
import type { Json } from "../../core/json.ts";
import type { Result } from "../../core/result.ts";
import type { Clock } from "../../ports/clock.ts";

export type Answer<T> = {
  /** 1, 2, …: of this poll, in this process. */
  readonly number: number;
  /** Wall clock at the beginning of the question. */
  readonly at: number;
  readonly answer: Result<T>;
};

export type Polled<T> = {
  /** Begins a question where one is due; never waits. */
  ask(): void;
  /** The next question is due now. */
  hurry(): void;
  /** Answers with higher numbers, oldest first; at most the newest `kept`. */
  after(number: number): readonly Answer<T>[];
  readonly newest: () => Answer<T> | null;
  /** The newest where it is of now: while nobody observes, nothing is asked. */
  readonly recent: () => Answer<T> | null;
  /** Tells one process's numbers from another's. */
  readonly run: string;
};

/** Whoever reads more seldom than this many questions misses the oldest. */
const kept = 64;

export type PollConfig<T> = {
  readonly intervalMs: number;
  /** Ends by itself: whatever it asks has a time limit of its own. */
  question(): Promise<Result<T>>;
};

export function polled<T>({ intervalMs, question }: PollConfig<T>, clock: Clock): Polled<T> {
  const answers: Answer<T>[] = [];
  let underWay = false;
  let dueMs = clock.elapsed();
  let bug: unknown = null;

  async function begin(): Promise<void> {
    underWay = true;
    dueMs = clock.elapsed() + intervalMs;
    const at = clock.now();
    const answer = await question();
    answers.push({ number: (answers.at(-1)?.number ?? 0) + 1, at, answer });
    if (answers.length > kept) answers.shift();
    underWay = false;
  }

  return {
    run: `${clock.bootId()}:${clock.elapsed()}`,
    ask() {
      if (bug !== null) throw bug;
      if (underWay || clock.elapsed() < dueMs) return;
      begin().catch((error: unknown) => {
        bug = error;
      });
    },
    hurry() {
      dueMs = Math.min(dueMs, clock.elapsed());
    },
    after: (number) => answers.filter((one) => one.number > number),
    newest: () => answers.at(-1) ?? null,
    recent: () => (clock.elapsed() - dueMs <= 2 * intervalMs ? (answers.at(-1) ?? null) : null),
  };
}

/** A place in the answers of one process; in another process all that it has are new. */
const place = z.object({ run: z.string(), number: z.number() });

export function numberAt(from: Json, run: string): number {
  const known = place.safeParse(from);
  return known.success && known.data.run === run ? known.data.number : 0;
}
