// What all sources of log lines share: safe text, bounded lines.
import { stripVTControlCharacters } from "node:util";

const lineCharacters = 2_000;
/** Control and text-direction characters, which could deceive on a terminal. */
const deceiving = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function safe(text: string): string {
  const plain = stripVTControlCharacters(text).replace(deceiving, "\ufffd");
  return plain.length > lineCharacters ? `${plain.slice(0, lineCharacters)}…` : plain;
}

/** Names of variables whose values are secrets, whatever they look like. */
const named = /PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL|DSN|AUTH/i;

/** Of an environment (`NAME=value` each): what must not be seen in a log. Passwords inside addresses too. */
export function secretsOf(environment: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of environment) {
    const at = entry.indexOf("=");
    const name = entry.slice(0, at);
    const value = entry.slice(at + 1);
    if (at > 0 && value !== "" && (named.test(name) || hasPassword(value))) found[name] = value;
  }
  return found;
}

function hasPassword(value: string): boolean {
  return URL.canParse(value) && new URL(value).password !== "";
}
