// Our tools run in bounded time and with bounded output.
import { expect, test } from "vitest";
import { boundedOutput, runNode } from "../../scripts/child.ts";

function bounded(chunks: readonly string[], headBytes: number, tailBytes: number): string {
  let written = "";
  const output = boundedOutput({ headBytes, tailBytes }, (text) => {
    written += text.toString();
  });
  for (const chunk of chunks) output.take(Buffer.from(chunk));
  output.end();
  return written;
}

test("output within the limits comes through as it is, however it is cut", () => {
  expect(bounded(["abc", "def", "ghi"], 4, 5)).toBe("abcdefghi");
  expect(bounded(["abcdefghi"], 4, 5)).toBe("abcdefghi");
  expect(bounded([], 4, 5)).toBe("");
});

test("of too much output the beginning and the end are kept, and what is missing is said", () => {
  const text = "\n… 3 bytes are left out here …\n";
  expect(bounded(["0123456789ab"], 4, 5)).toBe(`0123${text}789ab`);
  expect(bounded(["0", "123456", "789", "ab"], 4, 5)).toBe(`0123${text}789ab`);
});

test("a child runs on this very node, and its output and exit code come back", async () => {
  const seen: Buffer[] = [];
  const script = "console.log(process.execPath); console.error('err'); process.exitCode = 7";
  const limits = { ms: 20_000, headBytes: 1_000, tailBytes: 100 };
  const ended = await runNode(["--eval", script], limits, (text) => seen.push(text));
  expect(ended).toMatchObject({ exit: 7, timedOut: false });
  const text = Buffer.concat(seen).toString();
  expect(text).toContain(process.execPath);
  expect(text).toContain("err");
});

test("a child that takes too long is ended", async () => {
  const limits = { ms: 300, headBytes: 1_000, tailBytes: 100 };
  const ended = await runNode(["--eval", "setInterval(() => {}, 1000)"], limits, () => undefined);
  expect(ended).toMatchObject({ exit: null, timedOut: true });
});
