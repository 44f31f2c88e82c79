// The parts of several sources as one: the first that has a name answers for it.
import type { Part } from "../../core/parts/part.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Parts } from "../../ports/parts.ts";

export function allParts(sources: readonly Parts[]): Parts {
  const whose = async (name: string): Promise<Result<Parts>> => {
    const names: string[] = [];
    for (const source of sources) {
      const listed = await source.list();
      if (!listed.ok) return listed;
      if (listed.value.some((part) => part.name === name)) return ok(source);
      names.push(...listed.value.map((part) => part.name));
    }
    const next = names.length > 0 ? `There are: ${[...new Set(names)].join(", ")}.` : "lastgood doctor";
    return problem("missing", `there is no part "${name}"`, next);
  };
  return {
    async list() {
      const parts: Part[] = [];
      for (const source of sources) {
        const listed = await source.list();
        if (!listed.ok) return listed;
        parts.push(...listed.value.filter((part) => parts.every((other) => other.name !== part.name)));
      }
      return ok(parts);
    },
    async logs(part, want) {
      const source = await whose(part);
      return source.ok ? source.value.logs(part, want) : source;
    },
    async restart(op, part) {
      const source = await whose(part);
      return source.ok ? source.value.restart(op, part) : source;
    },
  };
}
