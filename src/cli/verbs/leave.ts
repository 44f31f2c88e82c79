// lastgood leave
import type { Shared, Shown } from "../run.ts";
import { acting } from "./acting.ts";

type Wish = { readonly planOnly: boolean; readonly yes: boolean };

export function leaveCommand(it: Shared, { planOnly, yes }: Wish): Promise<Shown> {
  return acting(it, {
    verb: "leave",
    planOnly,
    yes,
    call: (connection, approved, plan, progress) =>
      connection.call("leave", { env: it.env, planOnly: plan, approved, by: it.io.user }, progress),
  });
}
