// Commands to a Redis whose refusals end the matter: they become problems, in the server's own words.
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { RedisCommand, RedisLink, RedisReply } from "../../../ports/redis-link.ts";

/** A refusal of any of them is the problem. */
export async function askAll(
  link: RedisLink,
  commands: readonly RedisCommand[],
): Promise<Result<readonly RedisReply[]>> {
  const replies = await link.ask(commands);
  if (!replies.ok) return replies;
  for (const [at, reply] of replies.value.entries()) {
    const refused = refusalOf(reply);
    if (refused !== null) return refusal(String(commands[at]?.[0] ?? ""), refused);
  }
  return replies;
}

export async function askOne(
  link: RedisLink,
  ...command: readonly (string | Buffer)[]
): Promise<Result<RedisReply>> {
  const replies = await askAll(link, [command]);
  if (!replies.ok) return replies;
  const [reply] = replies.value;
  assert(reply !== undefined, "each command has its reply");
  return ok(reply);
}

export function refusalOf(reply: RedisReply | undefined): string | null {
  return reply !== null && typeof reply === "object" && "refused" in reply ? reply.refused : null;
}

export function refusal(command: string, said: string): Result<never> {
  if (/^OOM\b/.test(said))
    return problem("no-space", `Redis has no memory left: ${said}`, "raise its maxmemory, then run again");
  const next = /NOPERM|unknown command/i.test(said)
    ? `allow its user ${command}: ACL SETUSER <user> +${command.toLowerCase()}; where the provider forbids it, use its own snapshots`
    : "look at the server's log, then run again";
  return problem("failed", `Redis refused ${command}: ${said}`, next);
}

/** Empty for what is no text. */
export function textOf(reply: RedisReply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString("utf8") : "";
}

/** `name:value` lines; all values as they were sent. */
export async function infoOf(link: RedisLink): Promise<Result<Readonly<Record<string, string>>>> {
  const reply = await askOne(link, "INFO");
  if (!reply.ok) return reply;
  const lines = textOf(reply.value).split(/\r?\n/);
  return ok(
    Object.fromEntries(
      lines.flatMap((line) => {
        const colon = line.indexOf(":");
        return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)]] : [];
      }),
    ),
  );
}
