// The client and the service over real sockets: switches, confirmations, keys, definitions that change.
import { fork } from "node:child_process";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { flagKeyAdd, flagKeyList, flagKeyRevoke } from "../../src/app/flag-keys.ts";
import { flagHistory, flagList, flagShow } from "../../src/app/flag-look.ts";
import { flagLift } from "../../src/app/flag-switch.ts";
import { openLedger } from "../../src/engine/ledger.ts";
import { type Bed, boolean, flagBed, until } from "./bed.ts";

const beds: Bed[] = [];
afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.close();
});

async function bedWith(options: Parameters<typeof flagBed>[0] = {}): Promise<Bed> {
  const bed = await flagBed(options);
  beds.push(bed);
  return bed;
}

const pro = { if: [{ "==": [{ var: "plan" }, "pro"] }, "on", "off"] };

test("a flag is off in every process when `flag off` returns, and it says how many said so", async () => {
  const bed = await bedWith();
  const clients = Array.from({ length: 5 }, (_, at) => bed.client({ name: `web-${at}` }));
  await Promise.all(clients.map((client) => client.ready()));
  expect(clients.map((client) => client.isOn("new-checkout"))).toEqual([true, true, true, true, true]);
  const said = await bed.turn("new-checkout", "off");
  expect(clients.map((client) => client.isOn("new-checkout", true))).toEqual(Array(5).fill(false));
  expect(said).toMatchObject({ outcome: "done", data: { missing: [] } });
  expect(said.what).toContain("5 of 5 processes confirmed it");
  expect((said.data["confirmed"] as string[]).sort()).toEqual(["web-0", "web-1", "web-2", "web-3", "web-4"]);
});

test("the header for the log says which variants a request got", async () => {
  const fractional = { ...boolean, targeting: pro };
  const bed = await bedWith({ flags: { "new-checkout": fractional, search: boolean } });
  const client = bed.client();
  await client.ready();
  const names = ["new-checkout", "search", "unknown"];
  expect(client.header(names, { plan: "pro" })).toBe("new-checkout=on; search=on");
  expect(client.header(names, { plan: "free" })).toBe("new-checkout=off; search=on");
  expect(client.header([])).toBe("");
});

test("behind a proxy that knows only plain streams, a kill is confirmed all the same", async () => {
  const bed = await bedWith({ plain: true });
  const client = bed.client();
  await client.ready();
  const said = await bed.turn("new-checkout", "off");
  expect([said.outcome, client.isOn("new-checkout", true)]).toEqual(["done", false]);
  await client.close();
  expect(bed.env.subscribers.list()).toEqual([]);
});

test("a process that is stopped in its tracks is named, and one that was killed is not waited for", async () => {
  const bed = await bedWith();
  const script = join(import.meta.dirname, "../../bench/flags/subscribers.ts");
  const start = async () => {
    const child = fork(script, [bed.url, bed.key, "1"], { stdio: "ignore" });
    await new Promise((resolve) => child.once("message", resolve));
    return child;
  };
  const [frozen, killed] = [await start(), await start()];
  try {
    frozen.kill("SIGSTOP");
    killed.kill("SIGKILL");
    await new Promise((resolve) => killed.once("exit", resolve));
    const said = await bed.turn("new-checkout", "off");
    expect(said).toMatchObject({ outcome: "failed", data: { confirmed: [] } });
    expect(said.data["missing"]).toEqual([
      { name: `bench-${frozen.pid}-0`, why: "it is connected, but does not answer" },
    ]);
  } finally {
    frozen.kill("SIGKILL");
  }
}, 60_000);

test("a switch without anybody listening waits for a person, and is kept", async () => {
  const bed = await bedWith();
  expect(await bed.turn("new-checkout", "off")).toMatchObject({ outcome: "waits", data: { confirmed: [] } });
  const late = bed.client();
  await late.ready();
  expect(late.isOn("new-checkout", true)).toBe(false);
});

test("lifting a switch brings back the exact rules", async () => {
  const bed = await bedWith({ flags: { fancy: { ...boolean, targeting: pro } } });
  const client = bed.client();
  await client.ready();
  const seen = () => [
    client.isOn("fancy", false, { plan: "pro" }),
    client.isOn("fancy", true, { plan: "free" }),
  ];
  expect(seen()).toEqual([true, false]);
  await bed.turn("fancy", "off");
  expect(seen()).toEqual([false, false]);
  const lifted = await flagLift(bed.app, { env: "production", flag: "fancy", by: "ann", why: "mended" });
  expect(lifted.outcome).toBe("done");
  expect(seen()).toEqual([true, false]);
  const again = await flagLift(bed.app, { env: "production", flag: "fancy", by: "ann", why: null });
  expect(again.outcome).toBe("unchanged");
});

test("a disabled flag stays off for an app whose default is on, once it has a safe value", async () => {
  const off = { ...boolean, state: "DISABLED" };
  const bed = await bedWith({ flags: { plain: off, safe: { ...off, metadata: { safeValue: false } } } });
  const client = bed.client();
  await client.ready();
  expect([client.isOn("plain", true), client.isOn("safe", true)]).toEqual([true, false]);
  await bed.turn("plain", "off");
  expect(client.isOn("plain", true)).toBe(false);
});

test("new definitions reach processes, and do not undo a switch", async () => {
  const bed = await bedWith();
  const client = bed.client();
  await client.ready();
  await bed.turn("new-checkout", "off");
  bed.define({ "new-checkout": { ...boolean, metadata: { owner: "shop" } }, extra: boolean });
  await bed.look();
  await until(() => client.names().length === 2);
  expect([client.isOn("new-checkout", true), client.isOn("extra")]).toEqual([false, true]);
  bed.define({ extra: boolean });
  await bed.look();
  await until(() => client.names().length === 1);
  expect(client.isOn("new-checkout", true)).toBe(true);
});

test("definitions with mistakes are refused in words, and the former ones go on counting", async () => {
  const bed = await bedWith();
  const client = bed.client();
  await client.ready();
  bed.define({ "new-checkout": { ...boolean, defaultVariant: "maybe" } });
  await bed.look();
  const list = flagList(bed.app, { env: "production" });
  expect(list.means).toContain(
    'flags.new-checkout.defaultVariant: there is no variant "maybe"; write one of: on, off',
  );
  expect(client.isOn("new-checkout")).toBe(true);
  expect(bed.ledger.state().envs["production"]?.flags.version).toBe(client.status().version);
});

test("a switch for a time lifts itself", async () => {
  const bed = await bedWith();
  const client = bed.client();
  await client.ready();
  await bed.turn("new-checkout", "off", { forMs: 1 });
  await until(() => bed.app.deps.clock.now() > (bed.env.state().overrides["new-checkout"]?.until ?? 0));
  await bed.look();
  await until(() => client.isOn("new-checkout"));
  expect(bed.env.state().history.at(-1)).toMatchObject({ what: "lifted", by: "its time" });
});

test("multi-variant flags are set by name, and an unknown variant or flag is said with what there is", async () => {
  const colours = { state: "ENABLED", variants: { red: "#f00", blue: "#00f" }, defaultVariant: "red" };
  const bed = await bedWith({ flags: { colour: colours, "new-checkout": boolean } });
  const client = bed.client();
  await client.ready();
  await bed.turn("colour", { variant: "blue" });
  expect(client.value("colour", "none")).toBe("#00f");
  expect(client.isOn("colour", true)).toBe(true);
  expect(client.details("colour", 1)).toMatchObject({ value: 1, errorCode: "TYPE_MISMATCH" });
  expect((await bed.turn("colour", { variant: "green" })).next).toContain("red, blue");
  expect(await bed.turn("colour", "off")).toMatchObject({ outcome: "usage" });
  expect((await bed.turn("new-chekout", "off")).next).toBe("Did you mean new-checkout?");
});

test("a key opens its environment only, is kept as a hash, and is changed without a gap", async () => {
  const bed = await bedWith();
  const old = bed.client();
  await old.ready();
  const added = flagKeyAdd(bed.app, { env: "production", label: "second", by: "ann", forMs: null });
  const key = String(added.data["key"]);
  const fresh = bed.client({ key });
  expect((await fresh.ready()).source).toBe("service");
  const facts = JSON.stringify(bed.ledger.journal.read(0, 1_000));
  expect([facts.includes(key), facts.includes(bed.key), facts.includes("flag.key-added")]).toEqual([
    false,
    false,
    true,
  ]);
  const former = (
    flagKeyList(bed.app, { env: "production" }).data["keys"] as { id: string; label: string }[]
  )[0];
  flagKeyRevoke(bed.app, { env: "production", key: former?.id ?? "", by: "ann" });
  await until(() => old.status().trouble === "it answered 401");
  expect([old.isOn("new-checkout"), fresh.isOn("new-checkout")]).toEqual([true, true]);
  expect((await bed.turn("new-checkout", "off")).data["confirmed"]).toHaveLength(1);
});

test("wrong keys, keys that are over and no keys open nothing", async () => {
  const bed = await bedWith();
  const over = String(
    flagKeyAdd(bed.app, { env: "production", label: "short", by: "ann", forMs: 1 }).data["key"],
  );
  await until(() => bed.app.deps.clock.now() % 1_000 > 1);
  const wrong = `${bed.key.slice(0, -2)}xx`;
  for (const authorization of [`Bearer ${over}`, `Bearer ${wrong}`, "Bearer x", ""]) {
    const answer = await fetch(`${bed.url}/flags/v1/stream`, { headers: { authorization } });
    expect(answer.status, authorization.slice(0, 12)).toBe(401);
  }
});

test("history, list and show tell who switched what, why, and who listens", async () => {
  const bed = await bedWith({ flags: { "new-checkout": { ...boolean, metadata: { safeValue: false } } } });
  const client = bed.client({ name: "web-1" });
  await client.ready();
  await bed.turn("new-checkout", "off", { by: "ann", why: "errors at the till", incident: "inc-7" });
  client.isOn("new-checkout", true);
  await client.close();
  const history = flagHistory(bed.app, { env: "production", flag: "new-checkout", limit: 10 }).data["rows"];
  expect(history).toMatchObject([
    { what: "confirmed", why: expect.stringMatching(/^1 confirmed within \d+ ms$/) },
    { what: "switched", variant: "off", by: "ann", why: "errors at the till", incident: "inc-7" },
  ]);
  const shown = flagShow(bed.app, { env: "production", flag: "new-checkout" });
  expect(shown.data).toMatchObject({ evaluations: { off: 1 }, codeDefaults: [true], safe: "off" });
  expect(shown.means).toContain("Apps pass true where nothing is known; the safe value is off.");
});

test("a controller that starts anew has the same switches and the same version", async () => {
  const bed = await bedWith();
  await bed.turn("new-checkout", "off");
  const { version } = bed.env.state();
  bed.stop();
  const next = await bedWith({ ledger: openLedger(bed.ledger.journal), key: bed.key });
  const client = next.client();
  await client.ready();
  expect([client.status().version, client.isOn("new-checkout", true)]).toEqual([version, false]);
  expect(next.env.state().overrides["new-checkout"]?.variant).toBe("off");
});
