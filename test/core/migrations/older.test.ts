// What is known of older releases on newer schemas.
import { expect, test } from "vitest";
import { checkEvent, type Event } from "../../../src/core/event.ts";
import { foldOlder, type OlderTried, olderOnSchema, olderWords } from "../../../src/core/migrations/older.ts";

function tried(seq: number, works: string, older = "v1-a", newer = "v2-b"): Event {
  const data = {
    env: "production",
    older,
    newer,
    works,
    why: works === "yes" ? null : "a flow failed.",
    migrations: ["m"],
    flows: ["order"],
    ms: 9,
  };
  const checked = checkEvent("migrate.older-tried", data);
  return { ...checked, seq, at: seq * 1_000, mono: seq, boot: "b", epoch: 1, prev: "", hash: "" } as Event;
}

const folded = (...events: Event[]) => events.reduce<readonly OlderTried[]>(foldOlder, []);

test("the newest word on each pair counts", () => {
  const all = folded(tried(1, "no"), tried(2, "yes", "v0-x"), tried(3, "yes"));
  expect(all.length).toBe(2);
  expect(olderOnSchema(all, "v1-a", "v2-b")).toMatchObject({ works: "yes", at: 3_000 });
  expect(olderOnSchema(all, "v0-x", "v2-b")).toMatchObject({ works: "yes" });
  expect(olderOnSchema(all, "v2-b", "v1-a")).toBeNull();
  expect(olderOnSchema(all, null, "v2-b")).toBeNull();
});

test("only so many are remembered", () => {
  const many = Array.from({ length: 80 }, (_, at) => tried(at, "yes", `v${at}`));
  const all = folded(...many);
  expect(all.length).toBe(50);
  expect(olderOnSchema(all, "v79", "v2-b")).not.toBeNull();
});

test("it is said in a sentence", () => {
  expect(olderWords({ works: "yes", why: null }, "v1", "v2")).toBe(
    "v1 runs on the schema of v2: its smoke checks passed on a copy.",
  );
  expect(olderWords({ works: "no", why: "a flow failed." }, "v1", "v2")).toBe(
    "v1 does not run on the schema of v2: a flow failed.",
  );
  expect(olderWords({ works: "not-tried", why: "no copy" }, "v1", "v2")).toContain("was not tried: no copy.");
});
