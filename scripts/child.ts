// Runs one of our tools on this very node: no shell, bounded time, bounded output.
import { spawn } from "node:child_process";

export type Ended = {
  /** Null where a signal ended it. */
  readonly exit: number | null;
  readonly timedOut: boolean;
  readonly ms: number;
};

export type Limits = {
  readonly ms: number;
  /** Output is passed on up to this many bytes; after that only its end is. */
  readonly headBytes: number;
  readonly tailBytes: number;
};

const killAfterMs = 10_000;

/** `args` are node's own: a script and its arguments. Output goes to `write` as it comes. */
export function runNode(
  args: readonly string[],
  limits: Limits,
  write: (text: Buffer) => void,
): Promise<Ended> {
  const begun = performance.now();
  const child = spawn(process.execPath, [...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = boundedOutput(limits, write);
  child.stdout.on("data", output.take);
  child.stderr.on("data", output.take);
  let timedOut = false;
  let killer: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGTERM");
    killer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  }, limits.ms);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit) => {
      clearTimeout(timer);
      clearTimeout(killer);
      output.end();
      resolve({ exit, timedOut, ms: Math.round(performance.now() - begun) });
    });
  });
}

/** The beginning as it comes, the end at the end, and in between how much was left out. */
export function boundedOutput(
  { headBytes, tailBytes }: Pick<Limits, "headBytes" | "tailBytes">,
  write: (text: Buffer) => void,
) {
  let head = headBytes;
  let tail = Buffer.alloc(0);
  let leftOut = 0;
  return {
    take(chunk: Buffer): void {
      if (head > 0) write(chunk.subarray(0, head));
      tail = Buffer.concat([tail, chunk.subarray(head)]);
      head = Math.max(0, head - chunk.length);
      const over = Math.max(0, tail.length - tailBytes);
      leftOut += over;
      tail = tail.subarray(over);
    },
    end(): void {
      if (leftOut > 0) write(Buffer.from(`\n… ${leftOut} bytes are left out here …\n`));
      if (tail.length > 0) write(tail);
    },
  };
}
