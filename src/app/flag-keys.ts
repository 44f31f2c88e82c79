// lastgood flag key add | list | revoke: what apps show to read flags. Shown once, kept as a hash.
import { isOver, keyHash, keyText } from "../core/flags/keys.ts";
import { limits } from "../core/flags/limits.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { App } from "./app.ts";
import { noFlagsHere, outcome } from "./flag-outcome.ts";

export type KeyAddInput = {
  readonly env: string;
  readonly label: string;
  readonly by: string;
  /** The key ends after this; null: when it is revoked. */
  readonly forMs: number | null;
};

/** Several keys may be valid at once: that is how one is changed without a gap. */
export function flagKeyAdd(app: App, { env: name, label, by, forMs }: KeyAddInput): Outcome {
  const env = app.flags.env(name);
  if (!env) return stopped("flag", name, noFlagsHere(name));
  if (Object.keys(env.state().keys).length >= limits.keys) {
    const next = "lastgood flag key list shows them; lastgood flag key revoke ends one.";
    return stopped("flag", name, { code: "refused", what: `${name} has ${limits.keys} keys already`, next });
  }
  const id = app.ids.fresh("key");
  const text = keyText(id, app.flags.secret());
  const until = forMs === null ? null : app.deps.clock.now() + forMs;
  app.deps.ledger.record([
    { type: "flag.key-added", data: { env: name, by, key: id, hash: keyHash(text), label, until } },
  ]);
  const means = "It reads the flags of this environment and does nothing else. It is shown this once.";
  return outcome(name, "done", `Key ${id}: ${text}`, means, "Give it to the app as LASTGOOD_FLAGS_KEY.", {
    id,
    key: text,
  });
}

export function flagKeyList(app: App, { env: name }: { readonly env: string }): Outcome {
  const env = app.flags.env(name);
  if (!env) return stopped("flag", name, noFlagsHere(name));
  const now = app.deps.clock.now();
  const listening = env.subscribers.list();
  const keys = Object.entries(env.state().keys).map(([id, key]) => {
    const { label, by, at, until } = key;
    const processes = listening.filter((one) => one.key === id && one.connected).length;
    return { id, label, by, at, until, over: isOver(key, now), processes };
  });
  return outcome(name, "done", `${keys.length} keys.`, "", "", { keys });
}

export type KeyRevokeInput = { readonly env: string; readonly key: string; readonly by: string };

export function flagKeyRevoke(app: App, { env: name, key, by }: KeyRevokeInput): Outcome {
  const env = app.flags.env(name);
  if (!env) return stopped("flag", name, noFlagsHere(name));
  if (!Object.hasOwn(env.state().keys, key)) {
    return stopped("flag", name, {
      code: "missing",
      what: `there is no key ${key}`,
      next: "lastgood flag key list shows all.",
    });
  }
  app.deps.ledger.record([{ type: "flag.key-revoked", data: { env: name, by, key } }]);
  env.endKey(key);
  const means =
    "Processes that came with it were cut off; they go on with their last state until they have another.";
  return outcome(name, "done", `The key ${key} opens nothing any more.`, means, "", { key });
}
