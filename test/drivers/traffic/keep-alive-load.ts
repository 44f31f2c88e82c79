// Users with keep-alive connections, as browsers and proxies have them: what they lose when the edge is switched.
import http from "node:http";

export type Loss = {
  readonly requests: number;
  /** Answers that are not 200. */
  readonly bad: number;
  /** Requests that got no answer: the connection was closed under them. */
  readonly resets: number;
  /** Answers of a release that the switch had left before the request was sent. */
  readonly stale: number;
};

export type Load = {
  /** From now on requests must be answered by this release. */
  expectRelease(release: string | null): void;
  requests(): number;
  stop(): Promise<Loss>;
};

/** Each client has one connection, asks, pauses for up to `pauseMs`, and asks again on the same one. */
export function keepAliveLoad(url: string, clients: number, pauseMs: number): Load {
  let expected: string | null = null;
  let stopped = false;
  const loss = { requests: 0, bad: 0, resets: 0, stale: 0 };

  async function client(seed: number): Promise<void> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let turn = seed; !stopped; turn += 1) {
      const wanted = expected;
      const answer = await ask(agent, url);
      loss.requests += 1;
      if (answer === null) loss.resets += 1;
      else if (answer.status !== 200) loss.bad += 1;
      else if (wanted !== null && wanted === expected && answer.release !== wanted) loss.stale += 1;
      await pause(1 + ((turn * 7_919) % pauseMs));
    }
    agent.destroy();
  }

  const all = Array.from({ length: clients }, (_, seed) => client(seed * 13));
  return {
    expectRelease(release) {
      expected = release;
    },
    requests: () => loss.requests,
    async stop() {
      stopped = true;
      await Promise.all(all);
      return loss;
    },
  };
}

type Answer = { readonly status: number; readonly release: string | null } | null;

function ask(agent: http.Agent, url: string): Promise<Answer> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent }, (response) => {
      response.resume();
      response.on("error", () => resolve(null));
      response.on("end", () => {
        const release = response.headers["x-lastgood-release"];
        resolve({ status: response.statusCode ?? 0, release: typeof release === "string" ? release : null });
      });
    });
    request.on("error", () => resolve(null));
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
