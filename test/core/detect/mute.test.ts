import { expect, test } from "vitest";
import {
  expire,
  isMuted,
  muteClient,
  muteLimit,
  noteMuted,
  startMute,
  wellAgainAfter,
} from "../../../src/core/detect/mute.ts";

test("a client is muted for exactly the time after its failure, others are not", () => {
  const mute = startMute(60);
  muteClient(mute, "ann", 10);
  expect(isMuted(mute, "ann", 10)).toBe(true);
  expect(isMuted(mute, "ann", 69.9)).toBe(true);
  expect(isMuted(mute, "ann", 70)).toBe(false);
  expect(isMuted(mute, "bob", 11)).toBe(false);
});

test("a client can be muted again after its mute", () => {
  const mute = startMute(60);
  muteClient(mute, "ann", 0);
  muteClient(mute, "ann", 65);
  expect(isMuted(mute, "ann", 100)).toBe(true);
  expire(mute, 125);
  expect(Object.keys(mute.until)).toEqual([]);
});

test("mutes that are over leave nothing behind, however many there were", () => {
  const mute = startMute(60);
  for (let i = 0; i < 5 * muteLimit; i++) {
    muteClient(mute, `client-${i}`, i / 50);
    expect(mute.queue.length).toBeLessThan(60 * 50 + 2000);
  }
  expire(mute, 1e6);
  expect(Object.keys(mute.until)).toHaveLength(0);
});

test("at the limit the oldest mute is dropped and memory stays bounded", () => {
  const mute = startMute(60);
  for (let i = 0; i < muteLimit + 5; i++) muteClient(mute, `client-${i}`, 1);
  expect(Object.keys(mute.until)).toHaveLength(muteLimit);
  expect(isMuted(mute, "client-4", 2)).toBe(false);
  expect(isMuted(mute, "client-5", 2)).toBe(true);
  expect(isMuted(mute, `client-${muteLimit + 4}`, 2)).toBe(true);
});

test("names that objects have anyway are ordinary clients", () => {
  const mute = startMute(60);
  for (const name of ["__proto__", "constructor", "toString", "0", ""]) {
    expect(isMuted(mute, name, 1)).toBe(false);
    muteClient(mute, name, 1);
    expect(isMuted(mute, name, 2)).toBe(true);
  }
});

test("a mute of no time mutes nobody", () => {
  const mute = startMute(0);
  muteClient(mute, "ann", 1);
  expect(isMuted(mute, "ann", 1)).toBe(false);
});

test("enough requests in a row that went well end a mute; one that failed begins the count anew", () => {
  const mute = startMute(60);
  muteClient(mute, "ann", 0);
  for (let i = 1; i < wellAgainAfter; i++) noteMuted(mute, "ann", true);
  noteMuted(mute, "ann", false);
  for (let i = 1; i < wellAgainAfter; i++) noteMuted(mute, "ann", true);
  expect(isMuted(mute, "ann", 1)).toBe(true);
  noteMuted(mute, "ann", true);
  expect(isMuted(mute, "ann", 1)).toBe(false);
  expect(mute.well).toEqual(Object.create(null));
});

test("a client that was well again and failed anew is muted for the whole time, not for the rest of the first", () => {
  const mute = startMute(60);
  muteClient(mute, "ann", 0);
  for (let i = 0; i < wellAgainAfter; i++) noteMuted(mute, "ann", true);
  muteClient(mute, "ann", 30);
  expire(mute, 61);
  expect(isMuted(mute, "ann", 89)).toBe(true);
  expire(mute, 90);
  expect(mute.until).toEqual(Object.create(null));
});
