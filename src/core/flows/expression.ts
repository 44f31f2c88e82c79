// Regular expressions in a config run inside the controller: only those that cannot take long are let in.

const characters = 200;
/** Steps at most for one place of the text: the product of all upper bounds. */
const steps = 10_000;
/** Only so much of an answer is looked at. */
export const matchedCharacters = 16_384;

/** Null where it may run; otherwise why not, and what to write. */
export function refusedExpression(text: string): { readonly what: string; readonly fix: string } | null {
  if (text.length > characters)
    return { what: "this expression is too long", fix: `write at most ${characters} characters` };
  const source = withoutClasses(text);
  if (/\\[1-9k]|\(\?(?!:)/.test(source))
    return { what: "back references and looks around are not taken", fix: "write it with plain groups" };
  if (/[*+]|\{\d*,\}/.test(source))
    return {
      what: "this expression has no upper bound",
      fix: "write {1,100} instead of +, and {0,100} instead of *",
    };
  if (/\)(\?|\{)/.test(source))
    return { what: "a group must not be repeated", fix: "repeat what is in it, such as [a-z]{1,20}" };
  const bounds = [...source.matchAll(/\{(?:\d+,)?(\d+)\}|\?/g)].map(([, most]) => Number(most ?? 1) + 1);
  if (bounds.reduce((all, one) => all * one, 1) > steps)
    return { what: "this expression may take too long", fix: "write smaller bounds" };
  try {
    new RegExp(text, "u");
    return null;
  } catch {
    return { what: "this is not a regular expression", fix: "escape brackets and dots with a backslash" };
  }
}

/** Escaped characters and classes stand for one character each; what is in them does not count. */
function withoutClasses(text: string): string {
  return text.replace(/\\[^1-9k]/g, "x").replace(/\[[^\]]*\]/g, "x");
}

/** The first group, or all of it where there is none; null where it does not match. */
export function firstMatch(expression: string, text: string): string | null {
  const found = new RegExp(expression, "u").exec(text.slice(0, matchedCharacters));
  return found ? (found[1] ?? found[0]) : null;
}
