// What pgBackRest archives on this machine, by its settings.
import type { Files } from "../../ports/files.ts";
import type { StanzaFinding } from "./findings.ts";

/** Below `/etc`, in the order in which pgBackRest looks. */
const places = ["pgbackrest/pgbackrest.conf", "pgbackrest.conf"];

export async function readStanzas(files: Files, etc: string): Promise<readonly StanzaFinding[]> {
  for (const place of places) {
    const file = `${etc}/${place}`;
    const read = await files.read(file);
    if (read.ok) return stanzasIn(read.value.toString("utf8")).map((stanza) => ({ stanza, file }));
  }
  return [];
}

/** `[global]` and `[global:command]` are settings of all; a stanza says where its server's files lie. */
function stanzasIn(text: string): readonly string[] {
  const [, ...sections] = text.split(/^\s*\[/m);
  return sections.flatMap((section) => {
    const name = /^([^\]\s:]+)\]/.exec(section)?.[1];
    return name !== undefined && name !== "global" && /^\s*pg1-path\s*=/m.test(section) ? [name] : [];
  });
}
