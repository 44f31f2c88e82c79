// The script's text: whatever stands in a name or a value, a shell gives it back as it was, and runs nothing of it.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { command, line, quote, word } from "../../../src/core/break-glass/quote.ts";
import { appIn, releaseIn, scriptOf } from "../../../src/core/break-glass/script.ts";
import type { Glass, HandStep } from "../../../src/core/break-glass/steps.ts";
import { wordsOf } from "../../../src/core/break-glass/words.ts";

const shell = (text: string, ...args: readonly string[]) =>
  execFileSync("/usr/bin/env", ["-i", "dash", ...args], { input: text, encoding: "utf8" });

function glass(steps: readonly HandStep[], change: Partial<Glass> = {}): Glass {
  const byHand = { steps, keep: [], handBack: ["Do it."], needs: [] };
  return {
    app: "shop",
    env: "production",
    version: "v1",
    release: "v1-1a2b3c4d",
    writtenAt: "now",
    byHand,
    ...change,
  };
}

test("a quoted word comes out of a shell as it went in", () => {
  const texts = fc
    .sample(fc.string({ unit: "binary", maxLength: 40 }), 60)
    .map((one) => one.replaceAll("\0", ""));
  const odd = [
    "",
    "'",
    "$HOME",
    "`id`",
    "a\nb",
    "-n",
    "\\",
    "*",
    "~",
    "!",
    "$" + "{x}",
    "a b",
    '"',
    "ä\u202e",
  ];
  for (const text of [...texts, ...odd].map((one) => one.toWellFormed()))
    expect(shell(`printf '%s' ${quote(text)}`)).toBe(text);
});

test("the folder of kept files is the script's own variable, wherever it stands in a word", () => {
  const said = shell(`kept='/a b'; printf '%s|' ${command(["{kept}/x y", "pre{kept}", "plain"])}`);
  expect(said).toBe("/a b/x y|pre/a b|plain|");
  expect(word("{kept}")).toBe('"$kept"');
});

test("a comment or a sentence stays one line, and moves no cursor", () => {
  expect(line("a\nrm -rf /\u001b[2J\u202eb")).toBe("a rm -rf / [2J b");
});

const all: readonly HandStep[] = [
  {
    say: "Everything 'at once', with $odd `signs`.",
    acts: [
      { act: "run", argv: ["printf", "%s\n", "it's $HOME"] },
      { act: "run", argv: ["false"], mayFail: true },
      { act: "for-each", list: ["printf", "%s\n", "one", "two"], each: ["echo", "item"] },
      { act: "until-listed", lists: [["true"], ["echo", "there"]], tries: 2, otherwise: "never there" },
      { act: "until-answers", url: "http://127.0.0.1:1/", tries: 1, log: null },
      { act: "end-marked", name: "LASTGOOD_NOBODY", value: "has this", graceS: 1 },
      { act: "end-controller", file: "/no/such/file" },
      { act: "start", script: "{kept}/start.sh", log: "{kept}/log" },
    ],
  },
];

test.each([["dash"], ["busybox", "sh"], ["bash", "--posix"]])(
  "with every kind of act in it, %s can read it",
  (...sh) => {
    const [program = "", ...args] = sh;
    const text = scriptOf(glass(all, { version: "v1'; rm -rf / #", app: "s'h\nop" }));
    expect(execFileSync(program, [...args, "-n"], { input: text, encoding: "utf8" })).toBe("");
  },
);

test("its words have every step with its number and its commands", () => {
  const text = wordsOf(glass(all));
  expect(text).toContain("1. Everything 'at once', with $odd `signs`.");
  expect(text).toContain(`printf '%s\n' 'it'\\''s $HOME'`.replace("\n", " "));
  expect(text).toContain("kill each of: grep -l -F 'LASTGOOD_NOBODY=has this' /proc/[0-9]*/environ");
});

test("the release and the app that a script is for can be read from it; from other files nothing", () => {
  const text = scriptOf(glass(all));
  expect([releaseIn(text), appIn(text)]).toEqual(["v1-1a2b3c4d", "shop"]);
  expect([releaseIn("#!/bin/sh\n"), appIn("")]).toEqual([null, null]);
});
