// flagd's sync service: stock flagd providers evaluate in their own process against us. The SDK key comes as selector.
import type { FlagDesk } from "../../app/flag-desk.ts";
import type { Ruleset } from "../../core/flags/ruleset.ts";
import { callerWith } from "./caller.ts";

/** What the listener hands in; see os/grpc-server.ts. */
type Call = {
  readonly path: string;
  header(name: string): string | undefined;
  send(message: Uint8Array): void;
  end(status: number, text: string): void;
  backlog(): number;
  onClose(act: () => void): void;
};

const service = "/flagd.sync.v1.FlagSyncService/";
const unauthenticated = 16;
const unimplemented = 12;
const tooMany = 8;

export function flagSync(desk: FlagDesk, now: () => number) {
  return (call: Call): void => {
    const key = call.header("authorization") ?? `Bearer ${call.header("flagd-selector") ?? ""}`;
    const caller = callerWith(desk, key, call.header("x-api-key"), now());
    if (!caller) {
      call.end(unauthenticated, "give an SDK key as selector: lastgood flag key add");
      return;
    }
    const { env } = caller;
    if (call.path === `${service}FetchAllFlags`) {
      call.send(response(env.ruleset()));
      call.end(0, "");
    } else if (call.path === `${service}GetMetadata`) {
      call.send(new Uint8Array());
      call.end(0, "");
    } else if (call.path === `${service}SyncFlags`) {
      // flagd's clients know no deltas: they are told everything whenever the page listeners are told to ask.
      const line = {
        write: (text: string) => text.startsWith(":") || call.send(response(env.ruleset())),
        backlog: call.backlog,
        end: () => call.end(unauthenticated, "the key was revoked, or the controller ends"),
      };
      const joined = env.pages.join(caller.key, line);
      if (!joined) {
        call.end(tooMany, "too many listen here");
        return;
      }
      call.onClose(joined.leave);
      call.send(response(env.ruleset()));
    } else call.end(unimplemented, `there is no ${call.path} here`);
  };
}

/** `SyncFlagsResponse` and `FetchAllFlagsResponse` have the definitions as text in field 1. */
function response({ version, flags }: Ruleset): Uint8Array {
  const metadata = { version: String(version) };
  const text = new TextEncoder().encode(JSON.stringify({ flags: Object.fromEntries(flags), metadata }));
  const head = [(1 << 3) | 2];
  let length = text.length;
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) | 128);
  head.push(length);
  const message = new Uint8Array(head.length + text.length);
  message.set(head);
  message.set(text, head.length);
  return message;
}
