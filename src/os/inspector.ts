// Break-glass: sets variables in a running Node process of this machine through its inspector, and closes that again.
// It opens, for milliseconds, a door on 127.0.0.1:9229 behind which everything is allowed. So: refused where in doubt.
import { readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { ok, problem, type Result } from "../core/result.ts";
import { httpClient } from "./http-client.ts";

const port = 9_229;
const origin = `http://127.0.0.1:${port}`;
const openMs = 3_000;
const answerMs = 2_000;
/** SIGUSR1 is signal 10: bit 9 of the mask of signals that the process catches. */
const userSignal = 1n << 9n;

/** `refused` where it is not safe, with the reason; nothing was done to the process then. */
export async function setLive(pid: number, variables: ReadonlyMap<string, string>): Promise<Result<void>> {
  const unsafe = whyUnsafe(pid) ?? ((await answers()) ? `something listens on port ${port} already` : null);
  if (unsafe !== null)
    return problem(
      "refused",
      `process ${pid} cannot be switched live: ${unsafe}`,
      "Restart it with the preload instead.",
    );
  process.kill(pid, "SIGUSR1");
  const address = await debuggerAddress();
  if (address === null) {
    const what = `process ${pid} opened no inspector: it handles SIGUSR1 by itself, or was switched like this before`;
    return problem("failed", what, "Restart it with the preload instead.");
  }
  const said = await evaluate(address, expression(pid, variables));
  const closed = await untilClosed();
  if (said === "set" && closed) return ok(undefined);
  const what = closed
    ? `process ${pid} did not take it: ${said}`
    : `the inspector of process ${pid} is still open on port ${port}`;
  return problem("failed", what, "Restart the process: that closes it, and reads its settings anew.");
}

function whyUnsafe(pid: number): string | null {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    if (!/(^|\/)node$/.test(argv[0] ?? "")) return "it is no Node process";
    const options = `${argv.join(" ")} ${readFileSync(`/proc/${pid}/environ`, "utf8")}`;
    if (options.includes("--disable-sigusr1")) return "it runs with --disable-sigusr1";
    const caught = /SigCgt:\s*([0-9a-f]+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    if ((BigInt(`0x${caught}`) & userSignal) === 0n) return "SIGUSR1 would end it";
    if (readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync("/proc/self/ns/net"))
      return "it has a network of its own, as in a container";
    return null;
  } catch {
    return "it cannot be looked at: it ended, or belongs to another user";
  }
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const done = (there: boolean) => {
      socket.destroy();
      resolve(there);
    };
    socket.on("connect", () => done(true));
    socket.on("error", () => done(false));
  });
}

async function debuggerAddress(): Promise<string | null> {
  for (let waited = 0; waited < openMs; waited += 10) {
    const list = await httpClient().request({
      method: "GET",
      url: `${origin}/json/list`,
      timeoutMs: answerMs,
    });
    if (list.ok) {
      const [first] = JSON.parse(list.value.body) as { webSocketDebuggerUrl?: string }[];
      return first?.webSocketDebuggerUrl ?? null;
    }
    await pause(10);
  }
  return null;
}

async function untilClosed(): Promise<boolean> {
  for (let waited = 0; waited < openMs; waited += 10) {
    if (!(await answers())) return true;
    await pause(10);
  }
  return false;
}

/** Runs in the app. The door is closed after the answer has left, whatever the answer is. */
function expression(pid: number, variables: ReadonlyMap<string, string>): string {
  const values = JSON.stringify(Object.fromEntries(variables));
  return `(() => {
    const inspector = process.getBuiltinModule ? process.getBuiltinModule("inspector") : require("inspector");
    setTimeout(() => inspector.close(), 5);
    if (process.pid !== ${pid}) return "it is process " + process.pid;
    Object.assign(process.env, ${values});
    return "set";
  })()`;
}

function evaluate(address: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address);
    const late = setTimeout(() => resolve("no answer"), answerMs);
    const params = { expression: text, includeCommandLineAPI: true, returnByValue: true };
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params })),
    );
    socket.addEventListener("error", () => resolve("the connection broke"));
    socket.addEventListener("message", ({ data }) => {
      const said = JSON.parse(String(data)) as { result?: { result?: { value?: unknown } } };
      clearTimeout(late);
      socket.close();
      resolve(String(said.result?.result?.value ?? "an error"));
    });
  });
}
