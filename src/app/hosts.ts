// Remote machines: vouched for by a person, listed, looked at. No journal is needed for it.
import { ok, type Problem, problem, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { Host } from "../ports/host.ts";
import type { HostBook, KnownHost } from "../ports/host-book.ts";

export type HostWish = {
  readonly name: string;
  /** `user@host` or `user@host:port`. */
  readonly address: string;
  readonly identityFile: string | null;
  /** The fingerprint that it must have; null takes the best key that it shows. */
  readonly fingerprint: string | null;
};

/** What a machine shows, for a person to compare. `replaces` is what this name stands for now. */
export type HostOffer = { readonly host: KnownHost; readonly replaces: KnownHost | null };

export type Hosts = {
  offer(wish: HostWish): Promise<Result<HostOffer>>;
  accept(offer: HostOffer): Promise<Outcome>;
  list(): Promise<Outcome>;
  /** Null looks at all of them. */
  check(name: string | null): Promise<Outcome>;
  remove(name: string): Promise<Outcome>;
};

const verb = "host";
const nameRule = /^[a-z0-9][a-z0-9-]{0,30}$/;
const addressRule = /^([A-Za-z_][\w.-]*)@(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9][\w.-]*))(?::(\d{1,5}))?$/;
/** ssh reads quotes, variables and backslashes in it. */
const keyPathRule = /^\/[^"$\\\n]+$/;
const checkMs = 15_000;

export function hosts(book: HostBook): Hosts {
  return {
    offer: (wish) => offer(book, wish),
    accept: (chosen) => accept(book, chosen),
    list: () => list(book),
    check: (name) => check(book, name),
    remove: (name) => remove(book, name),
  };
}

/** What is wrong with the wish is `usage`; a key of another fingerprint is `refused`. */
async function offer(book: HostBook, wish: HostWish): Promise<Result<HostOffer>> {
  const parsed = parse(wish);
  if (!parsed.ok) return parsed;
  const known = await book.all();
  if (!known.ok) return known;
  const keys = await book.scan(parsed.value.host, parsed.value.port);
  if (!keys.ok) return keys;
  const { fingerprint } = wish;
  const key = keys.value.find((each) => fingerprint === null || each.fingerprint === fingerprint);
  if (key === undefined) {
    const shown = keys.value.map((each) => each.fingerprint).join(", ");
    const next =
      "Find out why before you trust it: a wrong fingerprint, another machine, or somebody in between.";
    return problem("refused", `${wish.address} shows ${shown}, not ${fingerprint}`, next, wish.name);
  }
  const host = { name: wish.name, ...parsed.value, identityFile: wish.identityFile, key };
  return ok({ host, replaces: known.value.find(({ name }) => name === wish.name) ?? null });
}

function parse({ name, address, identityFile }: HostWish): Result<Pick<KnownHost, "user" | "host" | "port">> {
  if (!nameRule.test(name) || name === "local")
    return problem(
      "usage",
      `"${name}" is no name for a host`,
      "Use small letters, digits and dashes; not local.",
    );
  const [, user, six, plain, port = "22"] = addressRule.exec(address) ?? [];
  const host = six ?? plain;
  if (user === undefined || host === undefined || Number(port) < 1 || Number(port) > 65_535)
    return problem("usage", `"${address}" is no address`, "Write user@host or user@host:port.");
  if (identityFile !== null && !keyPathRule.test(identityFile))
    return problem("usage", `"${identityFile}" is no path of a key`, "Write the whole path, from / on.");
  return ok({ user, host, port: Number(port) });
}

async function accept(book: HostBook, { host, replaces }: HostOffer): Promise<Outcome> {
  if (JSON.stringify(host) === JSON.stringify(replaces))
    return outcome(
      "unchanged",
      `${host.name} is known already, with this key.`,
      `lastgood host check ${host.name}`,
    );
  const put = await book.put(host);
  if (!put.ok) return stopped(verb, null, put.error);
  const what = `${host.name} is ${addressOf(host)}, and trusted by its key ${host.key.fingerprint}.`;
  return outcome("done", what, `lastgood host check ${host.name}`, [shown(host)]);
}

async function list(book: HostBook): Promise<Outcome> {
  const known = await book.all();
  if (!known.ok) return stopped(verb, null, known.error);
  const lines = known.value.map((host) => `${host.name}  ${addressOf(host)}  ${host.key.fingerprint}`);
  if (lines.length === 0)
    return outcome("done", "No other machine is known.", "lastgood host add <name> <user@host>");
  return outcome("done", lines.join("\n"), "lastgood host check", known.value.map(shown));
}

async function check(book: HostBook, name: string | null): Promise<Outcome> {
  const known = await book.all();
  if (!known.ok) return stopped(verb, null, known.error);
  const wanted = known.value.filter((host) => name === null || host.name === name);
  if (wanted.length === 0) return stopped(verb, null, unknown(name));
  const looks = await Promise.all(wanted.map((host) => look(book.open(host))));
  const bad = looks.find((each) => !each.ok);
  const what = looks.map(
    (each, index) => `${wanted[index]?.name}: ${each.ok ? each.value : each.error.what}`,
  );
  if (bad === undefined || bad.ok) return outcome("done", what.join("\n"), "", wanted.map(shown));
  return { ...stopped(verb, null, bad.error), what: what.join("\n") };
}

/** Does it let us in, does its login say nothing of its own, has it the commands that drivers use? */
async function look(host: Host): Promise<Result<string>> {
  const ask = (argv: readonly [string, ...string[]]) =>
    host.run({ argv, effect: "read", op: null, timeoutMs: checkMs });
  const quiet = await ask(["true"]);
  if (!quiet.ok) return quiet;
  if (quiet.value.stdout !== "") {
    const next = "Let its login files (.bashrc and the like) print nothing when no person is there.";
    return problem("failed", "logging in prints something into every answer", next, host.name);
  }
  const tool = await ask(["stat", "--printf=%F", "/"]);
  if (!tool.ok) return tool;
  if (tool.value.stdout !== "directory")
    return problem("failed", "its stat is not that of GNU coreutils", "Install coreutils there.", host.name);
  const system = await ask(["uname", "-sr"]);
  if (!system.ok) return system;
  const { stdout, durationMs } = system.value;
  return ok(`reachable, ${stdout.trim()}, ${Math.round(durationMs)} ms a command`);
}

async function remove(book: HostBook, name: string): Promise<Outcome> {
  const known = await book.all();
  if (!known.ok) return stopped(verb, null, known.error);
  if (!known.value.some((host) => host.name === name)) return stopped(verb, null, unknown(name));
  const removed = await book.remove(name);
  return removed.ok
    ? outcome("done", `${name} is not trusted any more.`, "")
    : stopped(verb, null, removed.error);
}

function unknown(name: string | null): Problem {
  const what = name === null ? "No other machine is known" : `No machine is known as ${name}`;
  return {
    code: "missing",
    what,
    next: "lastgood host list shows them; lastgood host add <name> <user@host>",
  };
}

function outcome(
  ending: "done" | "unchanged",
  what: string,
  next: string,
  data: readonly ReturnType<typeof shown>[] = [],
): Outcome {
  return {
    verb,
    env: null,
    outcome: ending,
    what,
    means: "",
    next,
    problem: null,
    data: { hosts: [...data] },
  };
}

function shown(host: KnownHost) {
  const { name, user, port, identityFile, key } = host;
  return { name, user, host: host.host, port, identityFile, fingerprint: key.fingerprint };
}

export function addressOf({ user, host, port }: Pick<KnownHost, "user" | "host" | "port">): string {
  const plain = host.includes(":") ? `[${host}]` : host;
  return port === 22 ? `${user}@${plain}` : `${user}@${plain}:${port}`;
}
