// Takes secrets out of text before anybody sees it, in every shape they are likely to be printed in.
import { stripVTControlCharacters } from "node:util";
import type { Values } from "./env.ts";

const MASK = "[secret]";
/** Shorter values are words like `true` or `3000`; masking them would make a log unreadable. */
const SHORTEST = 6;
/** Where the name says that it is one, even a short value is masked. */
const SHORTEST_NAMED = 3;
const NAMED = /PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL/i;
/** Control and text-direction characters, which could deceive on a terminal; tab and newline may stay. */
const DECEIVING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The same text without terminal codes and without any of these values. */
export function redactor(secrets: Values): (text: string) => string {
  const shapes = new Set(Object.entries(secrets).flatMap(([name, value]) => shapesOf(name, value)));
  const longestFirst = [...shapes].sort((a, b) => b.length - a.length);
  return (text) => {
    const plain = stripVTControlCharacters(text).replaceAll("\r\n", "\n").replace(DECEIVING, "\ufffd");
    return longestFirst.reduce((rest, shape) => rest.replaceAll(shape, MASK), plain);
  };
}

function shapesOf(name: string, value: string): readonly string[] {
  const shortest = NAMED.test(name) ? SHORTEST_NAMED : SHORTEST;
  const parts = [value, ...value.split(/\r?\n/), ...passwordIn(value)].filter(
    (part) => part.length >= shortest,
  );
  return parts.flatMap((part) => [
    part,
    encodeURIComponent(part.toWellFormed()),
    JSON.stringify(part).slice(1, -1),
    Buffer.from(part).toString("hex"),
    ...base64Of(part),
  ]);
}

/** The password inside a URL is a secret of its own: drivers print it without the rest. */
function passwordIn(value: string): readonly string[] {
  if (!URL.canParse(value)) return [];
  const { password } = new URL(value);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** How the value looks inside longer base64, at each of the three ways it can fall on the groups of three bytes. */
function base64Of(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  if (bytes.length < SHORTEST) return [];
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // The first and last characters carry bits of the neighbours too, so only those between are the value's own.
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor(((offset + bytes.length) * 8) / 6);
    return text.slice(from, to);
  });
}
