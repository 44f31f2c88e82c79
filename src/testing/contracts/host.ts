// What every Host must do: commands arrive as they stand, and their end is told truly.
import assert from "node:assert/strict";
import { limits } from "../../core/limits.ts";
import type { Result } from "../../core/result.ts";
import type { Command, Finished, Host } from "../../ports/host.ts";

export type HostBed = {
  readonly host: Host;
  /** Node's own path over there: the one program that the cases run. */
  readonly node: string;
  /** A folder that is there. */
  readonly folder: string;
};

export type HostCase = { readonly name: string; run(bed: HostBed): Promise<void> };

export const hostContract: readonly HostCase[] = [
  { name: "the record of a good end is complete", run: good },
  { name: "a bad end is a record, not an error", run: bad },
  { name: "an end by a signal is no good end", run: killed },
  { name: "a program that is not there never begins", run: noProgram },
  { name: "a folder that is not there: the command never begins", run: noFolder },
  { name: "arguments arrive as they stand", run: naughtyArguments },
  { name: "variables arrive as they stand, and the op", run: variables },
  { name: "what no system can send is refused before anything begins", run: unsendable },
  { name: "it runs in its folder", run: inFolder },
  { name: "standard input arrives whole, all bytes, ten million of them", run: bigInput },
  { name: "a program that does not read its input ends as it likes", run: unreadInput },
  { name: "output is cut: the beginning of stdout, the end of stderr", run: bigOutput },
  { name: "output that is asked for as bytes comes as bytes, up to what was asked for", run: rawOutput },
  { name: "a command that takes too long is given up, and says so", run: timeout },
  { name: "a command that is called off is given up, and says so", run: calledOff },
  { name: "one that was called off before never begins", run: calledOffBefore },
  { name: "many at once keep their answers apart", run: manyAtOnce },
];

/** Whatever a shell, a quoting or a line protocol could stumble over. */
export const naughty: readonly string[] = [
  "",
  " ",
  "a b",
  "-n",
  "--",
  "$HOME",
  "$(exit 3)",
  "`exit 3`",
  "'",
  "''",
  '"',
  "'\"'\"'",
  "\\",
  "\\\\'",
  "\\n",
  "\n",
  "\n\n",
  "a\nb'c",
  "\r\n",
  "\t",
  "*",
  "?[a]",
  "~",
  "{a,b}",
  "!1",
  "#",
  "; exit 3",
  "| exit 3",
  "& exit 3",
  "> x",
  "%s%n",
  "\u0001\u001b[31m",
  "ü→🙂",
  "lg_n",
  "a=b",
  "x".repeat(100_000),
];

const amplyMs = 30_000;

function command(
  { node }: HostBed,
  code: string,
  more: Partial<Command> = {},
  ...args: readonly string[]
): Command {
  return { argv: [node, "-e", code, "--", ...args], effect: "read", op: null, timeoutMs: amplyMs, ...more };
}

async function ended(bed: HostBed, asked: Command, signal?: AbortSignal): Promise<Finished> {
  const result = await bed.host.run(asked, signal);
  assert.ok(result.ok, result.ok ? "" : `expected an end, got ${result.error.code}: ${result.error.what}`);
  return result.value;
}

function refused(result: Result<unknown>, code: string): void {
  assert.ok(!result.ok, `expected ${code}, got ok`);
  assert.equal(result.error.code, code);
  assert.notEqual(result.error.next, "");
}

async function good(bed: HostBed): Promise<void> {
  const code = 'process.stdin.pipe(process.stdout); console.error("note")';
  const { durationMs, ...rest } = await ended(bed, command(bed, code, { stdin: "in → out" }));
  assert.deepEqual(rest, {
    exitCode: 0,
    signal: null,
    timedOut: false,
    cancelled: false,
    stdout: "in → out",
    stderr: "note\n",
    truncated: false,
  });
  assert.ok(durationMs > 0);
}

async function bad(bed: HostBed): Promise<void> {
  for (const exitCode of [1, 7, 127, 255]) {
    const end = await ended(bed, command(bed, `process.stderr.write("why"); process.exitCode = ${exitCode}`));
    assert.deepEqual([end.exitCode, end.stderr], [exitCode, "why"]);
  }
}

async function killed(bed: HostBed): Promise<void> {
  const end = await ended(bed, command(bed, 'process.kill(process.pid, "SIGKILL")'));
  assert.notEqual(end.exitCode, 0);
  assert.deepEqual([end.timedOut, end.cancelled], [false, false]);
}

async function noProgram(bed: HostBed): Promise<void> {
  for (const name of ["lastgood-no-such-program", `${bed.folder}/no-such-program`])
    refused(await bed.host.run({ ...command(bed, ""), argv: [name, "x"] }), "missing");
}

async function noFolder(bed: HostBed): Promise<void> {
  refused(await bed.host.run(command(bed, "", { cwd: `${bed.folder}/no such folder` })), "missing");
}

async function naughtyArguments(bed: HostBed): Promise<void> {
  const code = "console.log(JSON.stringify(process.argv.slice(1)))";
  const end = await ended(bed, command(bed, code, {}, ...naughty));
  assert.deepEqual(JSON.parse(end.stdout), naughty);
}

async function variables(bed: HostBed): Promise<void> {
  const env = Object.fromEntries(naughty.map((text, index) => [`NAUGHTY_${index}`, text]));
  const code = "console.log(JSON.stringify(process.env))";
  const end = await ended(bed, command(bed, code, { env, op: "op'1" }));
  const seen = JSON.parse(end.stdout) as Record<string, string>;
  assert.equal(seen["LASTGOOD_OP"], "op'1");
  for (const [name, value] of Object.entries(env)) assert.equal(seen[name], value, name);
}

async function unsendable(bed: HostBed): Promise<void> {
  const result = await bed.host.run(command(bed, "", {}, "a\0b"));
  assert.ok(!result.ok);
}

async function inFolder(bed: HostBed): Promise<void> {
  const end = await ended(bed, command(bed, "process.stdout.write(process.cwd())", { cwd: bed.folder }));
  assert.equal(end.stdout, bed.folder);
}

async function bigInput(bed: HostBed): Promise<void> {
  const bytes = 10_000_000;
  const stdin = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index++) stdin[index] = (index * 31) % 256;
  const code = `let at = 0; let wrong = 0;
    process.stdin.on("data", (chunk) => { for (const byte of chunk) { if (byte !== (at * 31) % 256) wrong++; at++; } });
    process.stdin.on("end", () => console.log(JSON.stringify([at, wrong])));`;
  const end = await ended(bed, command(bed, code, { stdin }));
  assert.deepEqual(JSON.parse(end.stdout), [bytes, 0]);
}

async function unreadInput(bed: HostBed): Promise<void> {
  const end = await ended(bed, command(bed, "process.exitCode = 4", { stdin: Buffer.alloc(1_000_000) }));
  assert.equal(end.exitCode, 4);
}

async function bigOutput(bed: HostBed): Promise<void> {
  const bytes = limits.childOutputBytes;
  const code = `const fs = require("node:fs");
    fs.writeSync(1, "first"); fs.writeSync(2, "first");
    const rest = Buffer.alloc(${bytes}, "x");
    for (const fd of [1, 2]) for (let at = 0; at < rest.length; ) at += fs.writeSync(fd, rest, at);
    fs.writeSync(1, "last"); fs.writeSync(2, "last");`;
  const end = await ended(bed, command(bed, code));
  assert.deepEqual([end.exitCode, end.truncated], [0, true]);
  assert.equal(end.stdout.length, bytes);
  assert.ok(end.stdout.startsWith("firstx"));
  assert.ok(end.stderr.length <= bytes);
  assert.ok(end.stderr.endsWith("xlast"));
}

async function rawOutput(bed: HostBed): Promise<void> {
  const most = 2 * limits.childOutputBytes;
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const code = `const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    process.stdout.write(Buffer.concat(Array(${most / 256}).fill(all)));`;
  const whole = await ended(bed, command(bed, code, { rawBytes: most }));
  assert.deepEqual([whole.exitCode, whole.truncated, whole.stdout], [0, false, ""]);
  assert.ok(whole.raw?.equals(Buffer.concat(Array<Buffer>(most / 256).fill(all))));
  const cut = await ended(bed, command(bed, code, { rawBytes: 300 }));
  assert.deepEqual([cut.raw?.length, cut.truncated], [300, true]);
}

async function timeout(bed: HostBed): Promise<void> {
  const end = await ended(bed, command(bed, "setTimeout(() => {}, 20_000)", { timeoutMs: 1_500 }));
  assert.deepEqual([end.timedOut, end.cancelled, end.exitCode], [true, false, null]);
}

async function calledOff(bed: HostBed): Promise<void> {
  const off = new AbortController();
  const running = bed.host.run(command(bed, "setTimeout(() => {}, 20_000)"), off.signal);
  // Something that runs meanwhile shows that time has passed over there too.
  await ended(bed, command(bed, ""));
  off.abort();
  const result = await running;
  assert.ok(result.ok || result.error.code === "cancelled");
  if (result.ok) assert.deepEqual([result.value.cancelled, result.value.exitCode], [true, null]);
}

async function calledOffBefore(bed: HostBed): Promise<void> {
  refused(await bed.host.run(command(bed, ""), AbortSignal.abort()), "cancelled");
}

async function manyAtOnce(bed: HostBed): Promise<void> {
  const numbers = Array.from({ length: 20 }, (_, index) => String(index));
  const ends = await Promise.all(
    numbers.map((number) =>
      ended(bed, command(bed, "process.stdin.pipe(process.stdout)", { stdin: number })),
    ),
  );
  assert.deepEqual(
    ends.map(({ stdout }) => stdout),
    numbers,
  );
}
