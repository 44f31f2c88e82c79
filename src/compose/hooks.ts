// Webhooks wired: who may send, by the config; what came, by the journal.
import type { Site } from "../app/app.ts";
import type { Config, Environment } from "../config/schema.ts";
import type { EventOf, NewEvent } from "../core/event.ts";
import { problem, type Result } from "../core/result.ts";
import { type Secret, secret } from "../core/secret.ts";
import { envState } from "../core/state.ts";
import { type Inbox, type Kept, openInbox } from "../drivers/signals/inbox/inbox.ts";
import type { Ledger } from "../engine/ledger.ts";
import type { HookDesk } from "../http/hooks/desk.ts";
import type { Machine } from "./machine.ts";
import { notEmpty, secretIn } from "./secrets.ts";

type Sender = NonNullable<Environment["signals"]["hooks"]["stripe"]>;

export type Hooks = {
  readonly desk: HookDesk;
  /** The environment's inbox among its sources; the site itself where nobody may send it anything. */
  withInbox(site: Site): Site;
};

export function hooksOf(config: Config, ledger: Ledger, machine: Machine): Hooks {
  const inboxes = new Map<string, Inbox>();
  for (const [env, { signals }] of Object.entries(config.environments)) {
    const isListening = Object.values(signals.hooks).some((sender) => sender !== undefined);
    if (isListening) inboxes.set(env, inboxOf(env, ledger, machine));
  }
  return {
    desk: {
      ways: (via) =>
        [...inboxes].flatMap(([env, inbox]) => {
          const sender = config.environments[env]?.signals.hooks[via];
          if (sender === undefined) return [];
          return [{ env, secret: () => secretOf(sender, machine), take: inbox.take }];
        }),
    },
    withInbox(site) {
      const inbox = inboxes.get(site.settings.env);
      if (inbox === undefined) return site;
      return { ...site, signals: (release) => [...site.signals(release), inbox.signals] };
    },
  };
}

/** Of the controller's own machine, whichever one the environment is on. */
async function secretOf(
  { secretFile, secretVariable = "" }: Sender,
  { here }: Machine,
): Promise<Result<Secret>> {
  if (secretFile !== undefined) {
    const read = await secretIn(secretFile, here.files);
    if (!read.ok) return read;
    return notEmpty(read.value ?? secret(""), secretFile);
  }
  const value = process.env[secretVariable];
  if (value !== undefined) return notEmpty(secret(value), secretVariable);
  return problem(
    "missing",
    `the controller has no variable ${secretVariable}`,
    "Set it where serve is started.",
  );
}

const pageEvents = 500;

function inboxOf(env: string, ledger: Ledger, { clock }: Machine): Inbox {
  return openInbox({
    clock,
    past: (limit) => past(env, ledger, limit),
    record: (deliveries) =>
      ledger
        .record([
          ...firstMark(env, ledger),
          ...deliveries.map((data): NewEvent => ({ type: "signal.received", data })),
        ])
        .filter(isReceived)
        .map(keptOf),
  });
}

/** With the first delivery it is written down that all before it is done with: journals of before know of no marks. */
function firstMark(env: string, { state, journal }: Ledger): readonly NewEvent[] {
  if (envState(state(), env).heard !== null) return [];
  return [{ type: "signals.heard", data: { env, upTo: journal.head() } }];
}

function isReceived(event: { readonly type: string }): event is EventOf<"signal.received"> {
  return event.type === "signal.received";
}

function keptOf({ seq, at, data }: EventOf<"signal.received">): Kept {
  return { seq, at, received: data };
}

/** Newest deliveries of the environment, oldest first. */
function past(env: string, { journal }: Ledger, limit: number): readonly Kept[] {
  const found: Kept[] = [];
  let before = Number.MAX_SAFE_INTEGER;
  while (found.length < limit) {
    const page = journal.newest(["signal.received"], before, pageEvents).filter(isReceived);
    found.push(...page.filter(({ data }) => data.env === env).map(keptOf));
    if (page.length < pageEvents) break;
    before = page.at(-1)?.seq ?? 0;
  }
  return found.slice(0, limit).toReversed();
}
