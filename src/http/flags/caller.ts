// Who asks: the environment that an SDK key opens. Keys read; nothing here changes anything.
import type { Context } from "hono";
import type { EnvFlags, FlagDesk } from "../../app/flag-desk.ts";
import { findKey, findTicket } from "../../core/flags/keys.ts";

/** What Node's server hands along: the answer itself, for streams. */
export type Outgoing = {
  writeHead(status: number, headers: Record<string, string>): void;
  write(text: string): boolean;
  destroy(): void;
  on(event: "close", act: () => void): void;
  flushHeaders(): void;
  readonly writableLength: number;
};
export type Bindings = { Bindings: { outgoing: Outgoing } };
export type Asked = Context<Bindings>;

export type Caller = { readonly env: EnvFlags; readonly key: string };

/** By `Authorization: Bearer` or `X-API-Key`; null where the key opens nothing. */
export function callerOf(desk: FlagDesk, context: Asked, now: number): Caller | null {
  return callerWith(desk, context.req.header("authorization") ?? "", context.req.header("x-api-key"), now);
}

export function callerWith(
  desk: FlagDesk,
  authorization: string,
  apiKey: string | undefined,
  now: number,
): Caller | null {
  const text = /^Bearer (.+)$/i.exec(authorization)?.[1] ?? apiKey ?? "";
  return opened(desk, (env) => findKey(env.state(), text, now));
}

/** By the ticket in the address, which was given out with a bulk answer. */
export function listenerOf(desk: FlagDesk, text: string, now: number): Caller | null {
  return opened(desk, (env) => findTicket(env.state(), text, now));
}

function opened(desk: FlagDesk, find: (env: EnvFlags) => string | null): Caller | null {
  for (const env of desk.envs()) {
    const key = find(env);
    if (key !== null) return { env, key };
  }
  return null;
}

export function refuse(context: Asked): Response {
  context.header("www-authenticate", "Bearer");
  return context.json(
    { errorDetails: "This key opens no environment here. lastgood flag key add makes one." },
    401,
  );
}
