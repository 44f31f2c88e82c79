// How long until a kill is confirmed by everybody: by 20 processes, and by 1,000 subscribers; what these cost.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { type BenchResult, meets, single, stats } from "../document.ts";
import { type Child, child } from "./children.ts";
import type { Told } from "./controller.ts";

type Ready = { readonly ready: { readonly url: string; readonly key: string } };
type Turned = Extract<Told, { ms: number }>;
type Looked = Extract<Told, { rssBytes: number }>;

const alone = { peers: {}, ratio: {} };

export async function processes(count: number, rounds: number): Promise<readonly BenchResult[]> {
  return withService(async (service, { url, key }) => {
    const all = Array.from({ length: count }, () => child("subscribers.ts", [url, key, "1"]));
    try {
      for (const one of all) await one.next();
      const turned = await turns(service, rounds, count);
      const product = stats(turned.map(({ ms }) => ms));
      const name = `${count} processes`;
      return [
        {
          case: name,
          metric: "kill to the last confirmation, p99",
          unit: "ms",
          product,
          ...alone,
          target: "<= 50",
          met: meets("<= 50", product.p99),
          note: "The switch is made durable before anybody is told: the row of the disk has that part.",
        },
        {
          case: name,
          metric: "kill to the answer, which is written down too, p99",
          unit: "ms",
          product: stats(turned.map(({ answerMs }) => answerMs)),
          ...alone,
          target: null,
          met: null,
        },
        {
          case: name,
          metric: "one durable write of 4 KiB on this disk, right after, p99",
          unit: "ms",
          product: stats(await durableWrites(rounds)),
          ...alone,
          target: null,
          met: null,
        },
      ];
    } finally {
      for (const one of all) one.end();
    }
  });
}

export async function crowd(count: number, rounds: number, idleS: number): Promise<readonly BenchResult[]> {
  return withService(async (service, { url, key }) => {
    const empty = await idleCpu(service, idleS);
    const packs = 4;
    const all: Child[] = [];
    try {
      for (let at = 0; at < packs; at++) all.push(child("subscribers.ts", [url, key, String(count / packs)]));
      for (const one of all) await one.next();
      const ms = (await turns(service, rounds, count)).map((one) => one.ms);
      const full = await idleCpu(service, idleS);
      const { rssBytes } = await look(service);
      const name = `${count} subscribers, one controller`;
      const product = stats(ms);
      const resident = rssBytes / 2 ** 20;
      return [
        {
          case: name,
          metric: "kill to the last confirmation, p99",
          unit: "ms",
          product,
          ...alone,
          target: "<= 250",
          met: meets("<= 250", product.p99),
          note: "The subscribers run on the same machine and take their share of its cores.",
        },
        {
          case: name,
          metric: "resident memory of the controller",
          unit: "MiB",
          product: single(resident),
          ...alone,
          target: "<= 150",
          met: meets("<= 150", resident),
        },
        {
          case: `${name}, idle`,
          metric: "CPU of the controller, share of one core; beside it with nobody subscribed",
          unit: "%",
          product: single(full),
          peers: { "0 subscribers": single(empty) },
          ratio: {},
          target: "< 2",
          met: meets("< 2", full),
          note: "One beat in two seconds to each subscriber.",
        },
      ];
    } finally {
      for (const one of all) one.end();
    }
  });
}

async function turns(service: Child, rounds: number, count: number): Promise<readonly Turned[]> {
  const all: Turned[] = [];
  for (let round = 0; round < rounds; round++) {
    service.send({ turn: round % 2 === 0 ? "off" : "on" });
    const turned = await service.next<Turned>();
    if (turned.confirmed !== count || turned.missing !== 0)
      throw new Error(`${turned.confirmed} of ${count} confirmed, ${turned.missing} did not`);
    all.push(turned);
    await pause(20);
  }
  return all;
}

/** As the journal writes: a few KiB, and on the disk before anything else happens. */
async function durableWrites(rounds: number): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-bench-disk-"));
  const file = openSync(join(folder, "file"), "w");
  const ms: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const began = process.hrtime.bigint();
      writeSync(file, Buffer.alloc(4_096, round % 256));
      fdatasyncSync(file);
      ms.push(Number(process.hrtime.bigint() - began) / 1e6);
      await pause(20);
    }
    return ms;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

async function idleCpu(service: Child, seconds: number): Promise<number> {
  const before = await look(service);
  await pause(seconds * 1_000);
  const after = await look(service);
  return ((after.cpuUs - before.cpuUs) / (seconds * 1e6)) * 100;
}

async function look(service: Child): Promise<Looked> {
  service.send({ look: true });
  return service.next<Looked>();
}

export async function withService<T>(act: (service: Child, at: Ready["ready"]) => Promise<T>): Promise<T> {
  const service = child("controller.ts");
  try {
    const { ready } = await service.next<Ready>();
    return await act(service, ready);
  } finally {
    service.send({ end: true });
  }
}
