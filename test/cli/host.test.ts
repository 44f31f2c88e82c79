// lastgood host add: the fingerprint is shown, and only a yes or the right --fingerprint accepts it.
import { expect, test } from "vitest";
import type { HostOffer, Hosts } from "../../src/app/hosts.ts";
import { type HostShared, hostAddCommand } from "../../src/cli/verbs/host.ts";
import type { Outcome } from "../../src/core/view/outcome.ts";

const key = { type: "ssh-ed25519", blob: "AAAA", fingerprint: "SHA256:new" };
const host = { name: "web", user: "deploy", host: "10.0.0.5", port: 2222, identityFile: null, key };
const wish = { name: "web", address: "deploy@10.0.0.5:2222", identityFile: null, fingerprint: null };
const done: Outcome = {
  verb: "host",
  env: null,
  outcome: "done",
  what: "accepted",
  means: "",
  next: "",
  problem: null,
  data: {},
};

/** `answer` null: nobody is there to be asked. */
async function add(answer: string | null, offer: HostOffer, fingerprint: string | null = null) {
  const questions: string[] = [];
  const accepted: HostOffer[] = [];
  const book = {
    offer: async () => ({ ok: true, value: offer }),
    accept: async (one: HostOffer) => {
      accepted.push(one);
      return done;
    },
  } as unknown as Hosts;
  const ask = async (question: string) => {
    questions.push(question);
    return answer ?? "";
  };
  const it = {
    config: "lastgood.yml",
    io: { interactive: answer !== null, ask },
    edges: { hosts: async () => ({ ok: true, value: book }) },
  } as unknown as HostShared;
  const shown = (await hostAddCommand(it, { ...wish, fingerprint })) as Outcome;
  return { shown, questions, accepted };
}

test("a person sees address and fingerprint and says yes", async () => {
  const { shown, questions, accepted } = await add("y", { host, replaces: null });
  expect(shown.outcome).toBe("done");
  expect(accepted.length).toBe(1);
  expect(questions[0]).toContain("deploy@10.0.0.5:2222 shows the key SHA256:new");
  expect(questions[0]).not.toContain("CAREFUL");
});

test.each(["", "n", "yess", "SHA256:new"])("%j is no yes", async (answer) => {
  const { shown, accepted } = await add(answer, { host, replaces: null });
  expect([shown.outcome, accepted.length]).toEqual(["waits", 0]);
});

test("a key that replaces another is pointed out", async () => {
  const replaces = { ...host, key: { ...key, fingerprint: "SHA256:old" } };
  const { questions } = await add("n", { host, replaces });
  expect(questions[0]).toContain("CAREFUL: web had another key until now: SHA256:old");
});

test("where nobody can be asked it waits, and says how a script accepts it", async () => {
  const { shown, accepted } = await add(null, { host, replaces: null });
  expect([shown.outcome, accepted.length]).toEqual(["waits", 0]);
  expect(shown.next).toContain("--fingerprint SHA256:new");
});

test("with the fingerprint nobody is asked, nor for what is known already", async () => {
  expect((await add(null, { host, replaces: null }, "SHA256:new")).accepted.length).toBe(1);
  const same = await add(null, { host, replaces: host });
  expect([same.accepted.length, same.questions.length]).toEqual([1, 0]);
});
