// `lastgood demo --stack`: its options, and its story told once in real containers.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Edges } from "../../src/cli/connection.ts";
import type { Io } from "../../src/cli/io.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { afterTest, bedFolder } from "../parts/bed.ts";
import { docker } from "../parts/docker.ts";
import { describeWith } from "../parts/needs.ts";

const bin = join(import.meta.dirname, "../../bin/lastgood.js");
const limitMs = 400_000;

async function asked(...words: readonly string[]) {
  const stacks: unknown[] = [];
  let said = "";
  const edges = {
    version: "0",
    demo: async ({ stack }: { stack: unknown }) => {
      stacks.push(stack);
      return { exit: 0, document: { outcome: "rolled-back" } };
    },
  } as unknown as Edges;
  const io = {
    out: (text: string) => (said += text),
    err: (text: string) => (said += text),
  } as unknown as Io;
  const exit = await runCommandLine(["demo", ...words], edges, io);
  return { exit, stacks, said };
}

test("without an option the demo is embedded; --stack names one of the example stacks", async () => {
  expect(await asked()).toMatchObject({ exit: 0, stacks: [null] });
  expect(await asked("--stack", "hummii")).toMatchObject({ exit: 0, stacks: ["hummii"] });
  const inJson = await asked("--stack", "hibachi", "--json");
  expect(inJson.stacks).toEqual(["hibachi"]);
  expect(JSON.parse(inJson.said)).toEqual({ outcome: "rolled-back" });
});

test("another stack is refused, and those that there are are named", async () => {
  const { exit, stacks, said } = await asked("--stack", "mine");
  expect(exit).toBe(2);
  expect(stacks).toEqual([]);
  expect(said).toMatch(/hummii, hibachi/);
});

function demo(env: NodeJS.ProcessEnv): Promise<{ exit: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, "demo", "--stack", "hibachi", "--json"], { env });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.on("close", (exit) => resolve({ exit, out, err }));
  });
}

const onTheHost = await describeWith("docker", "nginx", "postgres");

onTheHost("the demo on hibachi", () => {
  test(
    "the bad release is caught and gone, nothing is lost, and nothing of it stays",
    async () => {
      const bed = await docker();
      const folder = await bedFolder("demo", afterTest, 0o755);
      const { exit, out, err } = await demo({ ...process.env, ...bed.env, TMPDIR: folder });
      expect(out, err).toMatch(/^\{/);
      const document = JSON.parse(out);
      expect(document, err).toMatchObject({
        outcome: "rolled-back",
        serving: expect.stringMatching(/^v7-/),
        bad: expect.stringMatching(/^v2-/),
        lostRequests: 0,
        lostHow: [],
        lostWrites: 0,
        redeployRefused: true,
      });
      expect(document.errorsByBadRelease).toBeGreaterThan(0);
      expect(document.detect.requests).toBeGreaterThan(0);
      expect(exit).toBe(0);
      expect(readdirSync(folder)).toEqual([]);
      const mounts = await bed.docker(["ps", "--all", "--no-trunc", "--format", "{{.Mounts}}"]);
      expect(mounts).not.toContain(folder);
    },
    limitMs,
  );
});
