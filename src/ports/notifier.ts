import type { Result } from "../core/result.ts";
import type { Message } from "./journal.ts";

/** Carries a message to people. At least once: `message.key` makes a resend harmless. */
export interface Notifier {
  readonly name: string;
  send(message: Message): Promise<Result<void>>;
}
