import { expect, test } from "vitest";
import { policyOf } from "../../src/compose/policy.ts";
import { defaultPolicyText } from "../../src/config/generate/default-policy.ts";
import { defaultPolicy } from "../../src/core/decide/policy.ts";
import { loaded, said, sample, withLines } from "./sample.ts";

const policyIn = (text: string) => {
  const section = loaded(text).environments["production"];
  if (!section) throw new Error("no production");
  return policyOf(section);
};

test("without a word in the config the default policy counts", () => {
  expect(policyIn(sample)).toEqual(defaultPolicy);
});

test("the printed default policy, written into a config, is the default policy", () => {
  const yaml = /```yaml\n([\s\S]*?)\n```/.exec(defaultPolicyText())?.[1]?.split("\n") ?? [];
  const written = policyIn(withLines(...yaml));
  const plain = (rules: typeof defaultPolicy.rules) =>
    rules.map(({ name, when, do: act, also }) => JSON.parse(JSON.stringify({ name, when, act, also })));
  expect(yaml.length).toBeGreaterThan(50);
  expect(plain(written.rules)).toEqual(plain(defaultPolicy.rules));
});

test("rules, hours and limits are read", () => {
  const policy = policyIn(
    withLines(
      "policy:",
      "  zone: Europe/Berlin",
      "  quiet: [ { from: 22:00, to: 06:00, flag: auto } ]",
      "  limits: { acts: 2, within: 2h, coolDown: 10m }",
      "  rules:",
      "    broad-errors: { do: ask }",
      "    checkout: { when: { stream: [errors], changed: [migration], within: 5m }, do: hold }",
    ),
  );
  expect(policy.quiet).toEqual([{ from: 1_320, to: 360, flag: "auto", release: "ask", database: "ask" }]);
  expect(policy.limits).toEqual({ acts: 2, withinMs: 7_200_000, coolDownMs: 600_000 });
  expect(policy.rules[0]).toMatchObject({ name: "checkout", do: "hold", when: { withinMs: 300_000 } });
  expect(policy.rules.find((one) => one.name === "broad-errors")).toMatchObject({
    do: "ask",
    when: { stream: ["errors", "control", "restarts"], breadth: ["broad"] },
  });
});

test.each([
  [
    "policy: { rules: { broad-error: { do: ask } } }",
    "`broad-error` is a rule of your own and says too little -> write broad-errors to change that rule, or give this one `when` and `do`",
  ],
  ["policy: { rules: { mine: { do: stop } } }", "expected hold, investigate,"],
  ["policy: { quiet: [ { from: 25:00, to: 06:00 } ] }", "`25:00` is not a time of day"],
  ["policy: { zone: Mars/Olympus }", "`Mars/Olympus` is not a time zone"],
  ["policy: { rules: { slow: { when: { breadth: [wide] } } } }", "expected broad, single-client or down"],
])("a mistake is said in words: %s", (line, words) => {
  const errors = said(withLines(line));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain(words);
});
