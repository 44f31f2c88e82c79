// lastgood deploy <version>
import type { Shared, Shown } from "../run.ts";
import { acting } from "./acting.ts";

type Wish = {
  readonly version: string;
  readonly planOnly: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly lift: string | null;
};

export function deployCommand(it: Shared, { version, planOnly, yes, wait, lift }: Wish): Promise<Shown> {
  return acting(it, {
    verb: "deploy",
    planOnly,
    yes,
    call: (connection, approved, plan, progress) =>
      connection.call(
        "deploy",
        { env: it.env, version, planOnly: plan, approved, wait, lift, by: it.io.user },
        progress,
      ),
  });
}
