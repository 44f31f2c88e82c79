// Child processes of the bench, and what they say, one by one.
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";

export type Child = {
  send(message: object): void;
  /** The next thing that it says. Throws when it ends first. */
  next<T>(): Promise<T>;
  end(): void;
  readonly pid: number;
};

export function child(script: string, args: readonly string[] = [], env: Record<string, string> = {}): Child {
  const started: ChildProcess = fork(join(import.meta.dirname, script), [...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const said: unknown[] = [];
  const waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  started.on("message", (message) => {
    const first = waiting.shift();
    if (first) first.resolve(message);
    else said.push(message);
  });
  started.on("exit", (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${script} ended with ${code}`));
  });
  return {
    send: (message) => void started.send(message),
    next: <T>() =>
      new Promise<T>((resolve, reject) => {
        if (said.length > 0) resolve(said.shift() as T);
        else waiting.push({ resolve: (value) => resolve(value as T), reject });
      }),
    end: () => void started.kill("SIGKILL"),
    pid: started.pid ?? 0,
  };
}
