// What is kept: the newest, one of each day, week and month, and always what a drill proved.
import { expect, test } from "vitest";
import { expired, type Kept } from "../../../src/core/backups/retention.ts";

const day = 86_400_000;
/** A Wednesday. */
const today = Date.UTC(2026, 6, 15, 12);

function made(id: string, at: number, more: Partial<Kept> = {}): Kept {
  return { id, at, proved: false, damaged: false, ...more };
}

const daily = Array.from({ length: 100 }, (_, i) => made(`d${i}`, today - i * day));
const stays = (all: readonly Kept[], keep: Parameters<typeof expired>[1]) => {
  const gone = new Set(expired(all, keep));
  return all.filter((one) => !gone.has(one.id)).map((one) => one.id);
};

test("the newest stay whatever their age, and nothing else asks for the rest", () => {
  expect(stays(daily, { newest: 3, daily: 0, weekly: 0, monthly: 0 })).toEqual(["d0", "d1", "d2"]);
});

test("of each day, ISO week and month the newest stays", () => {
  // d3 is Sunday 12 July, d10 Sunday 5 July; d15 is 30 June, d46 is 30 May's day after.
  expect(stays(daily, { newest: 1, daily: 2, weekly: 3, monthly: 3 })).toEqual([
    "d0",
    "d1",
    "d3",
    "d10",
    "d15",
    "d45",
  ]);
});

test("several on one day are one", () => {
  const many = [made("noon", today), made("eleven", today - 3_600_000), made("yesterday", today - day)];
  expect(stays(many, { newest: 1, daily: 2, weekly: 0, monthly: 0 })).toEqual(["noon", "yesterday"]);
});

test("the newest that a drill proved is never dropped, however old", () => {
  const all = [...daily.slice(0, 20), made("proved", today - 90 * day, { proved: true })];
  expect(stays(all, { newest: 2, daily: 0, weekly: 0, monthly: 0 })).toEqual(["d0", "d1", "proved"]);
});

test("damaged ones never push out a good one, and do not pile up", () => {
  const broken = Array.from({ length: 5 }, (_, i) => made(`b${i}`, today + i, { damaged: true }));
  expect(stays([...broken, ...daily.slice(0, 3)], { newest: 2, daily: 0, weekly: 0, monthly: 0 })).toEqual([
    "b3",
    "b4",
    "d0",
    "d1",
  ]);
});

test("periods without a backup do not count", () => {
  const rare = [made("now", today), made("spring", today - 90 * day), made("winter", today - 180 * day)];
  expect(stays(rare, { newest: 1, daily: 0, weekly: 0, monthly: 3 })).toEqual(["now", "spring", "winter"]);
});

test("whatever the list, the newest whole one stays, and asking again drops nothing more", () => {
  const keep = { newest: 1, daily: 3, weekly: 2, monthly: 2 };
  for (let seed = 1; seed <= 200; seed++) {
    const all = Array.from({ length: seed % 40 }, (_, i) =>
      made(`x${i}`, today - ((i * seed * 7_919_777) % (200 * day)), { proved: (i * seed) % 11 === 3 }),
    );
    const left = all.filter((one) => stays(all, keep).includes(one.id));
    if (all.length > 0)
      expect(left).toContain([...all].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))[0]);
    expect(expired(left, keep)).toEqual([]);
  }
});
