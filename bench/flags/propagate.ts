// From the change to the new value in another process: ours, and stock clients against servers that answer as theirs do.
import { createServer, type Server, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { flagSync } from "../../src/http/flags/sync.ts";
import { listenForGrpc } from "../../src/os/grpc-server.ts";
import { type Bed, flagBed } from "../../test/flags/bed.ts";
import type { BenchResult, Stats } from "../document.ts";
import { stats } from "../document.ts";
import { child } from "./children.ts";
import { withService } from "./crowd.ts";

type Seen = { readonly on: boolean; readonly atNs: string };
/** Where a client follows, and how the flag is changed; `turn` resolves to the moment at which it was asked for. */
type Source = { readonly url: string; readonly key: string; turn(on: boolean): Promise<bigint> };

const defaultPollMs = 15_000;

/** A slow minute of the machine hits all alike: each subject has its part of the rounds in each turn. */
const turnsOfAll = 4;

type Subject = { readonly name: string; follow(rounds: number): Promise<readonly number[]> };

const ours = "lastgood";
const durably = "lastgood, durable";
const subjects: readonly Subject[] = [
  { name: ours, follow: (rounds) => withMemory((source) => follow("lastgood", "", rounds, source)) },
  { name: durably, follow: (rounds) => withJournal((source) => follow("lastgood", "", rounds, source)) },
  {
    name: "flagd-provider, sync server",
    follow: (rounds) => withFlagd((source) => follow("flagd", "", rounds, source)),
  },
  {
    name: "GrowthBook, streaming",
    follow: (rounds) => withGrowthBook((source) => follow("growthbook", "", rounds, source)),
  },
  {
    name: "unleash-client, polling every 100 ms",
    follow: (rounds) => withUnleash((source) => follow("unleash", "100", rounds, source)),
  },
];

export async function propagation(rounds: number, polls: number): Promise<readonly BenchResult[]> {
  const samples = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
  for (let turn = 0; turn < turnsOfAll; turn++)
    for (const subject of subjects)
      samples.get(subject.name)?.push(...(await subject.follow(Math.ceil(rounds / turnsOfAll))));
  const slow = await withUnleash((source) => follow("unleash", "default", polls, source));
  const of = (name: string): Stats => stats(samples.get(name) ?? []);
  const product = of(ours);
  const peers: Record<string, Stats> = {
    ...Object.fromEntries(subjects.slice(2).map(({ name }) => [name, of(name)])),
    "unleash-client, default polling": stats(slow),
  };
  const ratio = Object.fromEntries(
    Object.entries(peers).map(([name, peer]) => [name, product.p99 / peer.p99]),
  );
  const ahead = Object.values(ratio).every((one) => one < 1);
  const shared = { case: "change of a flag, 101 flags, another process", unit: "ms" };
  return [
    {
      ...shared,
      metric: "change to new value, p99; every server answers from memory",
      product,
      peers,
      ratio,
      target: "ahead of each peer",
      met: ahead,
      note: "Clients that tell nobody of a change (GrowthBook, Unleash) are asked every millisecond.",
    },
    {
      ...shared,
      metric: "the same, ours, with the change on disk in the journal first",
      product: of(durably),
      peers: {},
      ratio: {},
      target: null,
      met: null,
    },
  ];
}

async function follow(
  subject: string,
  setting: string,
  rounds: number,
  source: Source,
): Promise<readonly number[]> {
  const client = child("follow.ts", [subject, source.url, source.key, setting]);
  try {
    await client.next<Seen>();
    const ms: number[] = [];
    for (let round = 0; round < rounds; round++) {
      // At any moment between two polls, whoever polls.
      await pause(20 + Math.random() * (setting === "default" ? defaultPollMs : 130));
      const [from, seen] = await Promise.all([source.turn(round % 2 !== 0), client.next<Seen>()]);
      if (seen.on !== (round % 2 !== 0)) throw new Error(`${subject} saw ${seen.on} in round ${round}`);
      ms.push(Number(BigInt(seen.atNs) - from) / 1e6);
    }
    return ms;
  } finally {
    client.end();
  }
}

function withJournal<T>(act: (source: Source) => Promise<T>): Promise<T> {
  return withService((service, at) =>
    act({
      ...at,
      async turn(on) {
        service.send({ turn: on ? "on" : "off" });
        const { atNs } = await service.next<{ atNs: string }>();
        return BigInt(atNs);
      },
    }),
  );
}

function withMemory<T>(act: (source: Source) => Promise<T>): Promise<T> {
  return withBed(async (bed, turn) => act({ url: bed.url, key: bed.key, turn }));
}

function withFlagd<T>(act: (source: Source) => Promise<T>): Promise<T> {
  return withBed(async (bed, turn) => {
    const sync = await listenForGrpc("127.0.0.1", 0, flagSync(bed.flags, Date.now));
    try {
      return await act({ url: `http://127.0.0.1:${sync.port}`, key: bed.key, turn });
    } finally {
      sync.close();
    }
  });
}

async function withBed<T>(act: (bed: Bed, turn: Source["turn"]) => Promise<T>): Promise<T> {
  const flag = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "on" };
  const others = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`other-${at}`, flag]));
  const bed = await flagBed({ flags: { "new-checkout": flag, ...others } });
  const base = { flag: "new-checkout", by: "bench", why: "", incident: null, until: null, op: null };
  try {
    return await act(bed, async (on) => {
      const from = process.hrtime.bigint();
      bed.env.book.change({ ...base, variant: on ? "on" : "off" });
      return from;
    });
  } finally {
    await bed.close();
  }
}

async function withUnleash<T>(act: (source: Source) => Promise<T>): Promise<T> {
  let on = true;
  let version = 0;
  const features = () =>
    ["new-checkout", ...Array.from({ length: 100 }, (_, at) => `other-${at}`)].map((name) => ({
      name,
      type: "release",
      enabled: name === "new-checkout" ? on : true,
      strategies: [{ name: "default", parameters: {}, constraints: [] }],
      variants: [],
    }));
  return withServer(
    (url, answer) => {
      if (!url.startsWith("/api/client/features")) return answer.end("{}");
      answer.setHeader("etag", `"${version}"`);
      return answer.end(JSON.stringify({ version: 2, features: features() }));
    },
    (url) =>
      act({
        url,
        key: "",
        async turn(next) {
          const from = process.hrtime.bigint();
          on = next;
          version += 1;
          return from;
        },
      }),
  );
}

async function withGrowthBook<T>(act: (source: Source) => Promise<T>): Promise<T> {
  let on = true;
  const streams = new Set<ServerResponse>();
  const payload = () => {
    const others = Array.from({ length: 100 }, (_, at) => [`other-${at}`, { defaultValue: true }] as const);
    return JSON.stringify({
      status: 200,
      features: { "new-checkout": { defaultValue: on }, ...Object.fromEntries(others) },
    });
  };
  return withServer(
    (url, answer) => {
      answer.setHeader("x-sse-support", "enabled");
      if (!url.startsWith("/sub/")) return answer.end(payload());
      answer.setHeader("content-type", "text/event-stream");
      answer.write(`event: features\ndata: ${payload()}\n\n`);
      return streams.add(answer);
    },
    (url) =>
      act({
        url,
        key: "",
        async turn(next) {
          const from = process.hrtime.bigint();
          on = next;
          for (const stream of streams) stream.write(`event: features\ndata: ${payload()}\n\n`);
          return from;
        },
      }),
  );
}

async function withServer<T>(
  answer: (url: string, response: ServerResponse) => unknown,
  act: (url: string) => Promise<T>,
): Promise<T> {
  const server: Server = createServer((request, response) => void answer(request.url ?? "", response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await act(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
