// `${NAME}` in compose files: which variables there are, and a stand-in for docker's own filling in.

export type Variable = {
  readonly name: string;
  /** It has a value of its own in the file (`${NAME:-80}`) or stands in for one, so that none is needed. */
  readonly hasDefault: boolean;
  /** The file refuses to go without (`${NAME:?why}`). */
  readonly isRequired: boolean;
};

const pattern = /\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])([^{}]*(?:\{[^{}]*\}[^{}]*)*))?\})/g;

/** In order of appearance, each once; a comment's are left out. */
export function variablesIn(text: string): readonly Variable[] {
  const found = new Map<string, Variable>();
  const read = (part: string, isFallback: boolean): void => {
    for (const [, bare, name = bare, how = "", other = ""] of part.matchAll(pattern)) {
      if (name === undefined) continue;
      const before = found.get(name);
      found.set(name, {
        name,
        hasDefault: (before?.hasDefault ?? true) && (isFallback || how.endsWith("-") || how.endsWith("+")),
        isRequired: (before?.isRequired ?? false) || how.endsWith("?"),
      });
      if (how.endsWith("-")) read(other, true);
    }
  };
  for (const line of text.split("\n")) if (!/^\s*#/.test(line)) read(line, false);
  return [...found.values()];
}

/** Unknown variables become empty, as with docker. */
export function fillIn(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text.replace(
    pattern,
    (whole, bare: string | undefined, braced: string | undefined, how = "", other = "") => {
      if (whole === "$$") return "$";
      const value = values[bare ?? braced ?? ""];
      const isThere = value !== undefined && (value !== "" || !how.startsWith(":"));
      if (how.endsWith("+")) return isThere ? fillIn(other, values) : "";
      return isThere ? value : how.endsWith("-") ? fillIn(other, values) : "";
    },
  );
}
