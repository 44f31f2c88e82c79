// Where the state of an app lies, told from the config's text alone.
import { resolvePath } from "./path-text.ts";

/** The whole key and a plain or quoted value on one line of its own; YAML's other forms are for its reader. */
const plain = /^state:[ \t]+("[^"\\]*"|'[^']*'|[^\s"'&*|>!%@`{}[\],#][^#]*?)[ \t]*(?:#.*)?$/m;

/**
 * To reach a controller that runs, its socket is all that is needed: a command begins in half the time where the rest of
 * the config need not be read, and a mistake in it, made since the controller started, is in nobody's way.
 * Null where the text alone cannot tell; then the config has to be read whole. `baseDir` is the config's folder.
 */
export function stateFolder(text: string, baseDir: string): string | null {
  const found = plain.exec(text)?.[1];
  if (found !== undefined) return resolvePath(baseDir, found.replace(/^(["'])(.*)\1$/, "$2"));
  return /^["']?state["']?\s*:/m.test(text) || /^\s*[{?%]/.test(text)
    ? null
    : resolvePath(baseDir, ".lastgood");
}
