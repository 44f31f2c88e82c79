// Does the older release run on the newer one's schema? As it was tried on a copy; where it does, code alone goes back.
import type { Event, EventData } from "../event.ts";

export type OlderTried = Omit<EventData<"migrate.older-tried">, "env"> & { readonly at: number };

/** Pairs of releases that are remembered. */
const kept = 50;

/** Newest last; one for each pair. The same object where the event is none of ours. */
export function foldOlder(all: readonly OlderTried[], event: Event): readonly OlderTried[] {
  if (event.type !== "migrate.older-tried") return all;
  const { env: _, ...tried } = event.data;
  const others = all.filter(({ older, newer }) => older !== tried.older || newer !== tried.newer);
  return [...others, { ...tried, at: event.at }].slice(-kept);
}

/** What is known of `older` on the schema of `newer`; null where nobody ever asked. Release ids. */
export function olderOnSchema(
  all: readonly OlderTried[],
  older: string | null,
  newer: string | null,
): OlderTried | null {
  return all.findLast((one) => one.older === older && one.newer === newer) ?? null;
}

/** A sentence for people, with versions in the place of ids. */
export function olderWords(
  { works, why }: Pick<OlderTried, "works" | "why">,
  older: string,
  newer: string,
): string {
  if (works === "yes") return `${older} runs on the schema of ${newer}: its smoke checks passed on a copy.`;
  const reason = (why ?? "nobody knows why").replace(/\.$/, "");
  return works === "no"
    ? `${older} does not run on the schema of ${newer}: ${reason}.`
    : `Whether ${older} runs on the schema of ${newer} was not tried: ${reason}.`;
}
