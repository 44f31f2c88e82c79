// What fails is what people are told: payments as payments, and one broken client beside a release that is well.
import { expect, test } from "vitest";
import { nothingExpected } from "../../../src/core/detect/expects.ts";
import {
  concludeStreams,
  observeRequest,
  type Streams,
  startStreams,
} from "../../../src/core/detect/streams.ts";

const payments = { routes: ["/pay"], threshold: 0.25 };

function started(): Streams {
  const heard = { errors: true, probe: false };
  return startStreams({ threshold: 0.01, horizonS: 1_800, heard, expects: { ...nothingExpected, payments } });
}

function ask(streams: Streams, atS: number, client: string, route: string, status = 200): void {
  observeRequest(streams, { atS, client, route, status, ok: status < 500 });
}

const told = (streams: Streams, nowS = 30) =>
  concludeStreams(streams, { nowS, blind: { errors: null, probe: null } });

test("requests that fail where people pay are told of as payments, before the payments alone would prove it", () => {
  const streams = started();
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 3; j++) ask(streams, i, `w-${i}-${j}`, "/");
    ask(streams, i, `c-${i}`, "/pay", 500);
  }
  const { worst, all } = told(streams);
  expect(all.find(({ stream }) => stream === "payments")?.outcome).toBe("undecided");
  expect(worst).toMatchObject({ outcome: "bad", breadth: "broad", stream: "payments" });
  expect(worst.why).toContain("100 % of what fails are payments");
});

test("where everything fails it is not the payments", () => {
  const streams = started();
  for (let i = 0; i < 9; i++) ask(streams, i, `c-${i}`, i % 3 === 0 ? "/pay" : "/", 500);
  expect(told(streams).worst).toMatchObject({ outcome: "bad", stream: "errors" });
});

function oneBroken(failures: number, others = 0): Streams {
  const streams = started();
  for (let i = 0; i < 2_000; i++) ask(streams, i / 80, `c-${i % 50}`, "/");
  for (let i = 0; i <= failures; i++) ask(streams, 25, "broken", "/", 500);
  for (let i = 0; i <= others; i++) ask(streams, 25, "another", "/", 500);
  return streams;
}

test("one client for whom nothing works is told of beside the release, which is well all the same", () => {
  const { worst, all } = told(oneBroken(20));
  expect(worst).toMatchObject({ outcome: "verified", stream: "errors" });
  const client = all.find(({ stream }) => stream === "client");
  expect(client).toMatchObject({ outcome: "bad", breadth: "single-client", errors: 20, errorClients: 1 });
  expect(client?.why).toMatch(/^20 more requests of one client failed/);
});

test("a slip is none, and where others fail as well it is not one client's trouble", () => {
  const clients = (streams: Streams) => told(streams).all.filter(({ stream }) => stream === "client");
  expect(clients(oneBroken(19))).toEqual([]);
  expect(clients(oneBroken(40, 20))).toEqual([]);
});
