// The difference between two texts, line by line, as people know it: `-` goes, `+` comes, `@@` stands for what is the same.

const context = 3;
/** Beyond this the longest common run is not worth its memory: everything goes, everything comes. */
const mostLines = 2_000;

type Line = { readonly sign: " " | "-" | "+"; readonly text: string };

/** Empty where the texts are the same. */
export function difference(before: string, after: string): string {
  if (before === after) return "";
  const lines = compare(linesOf(before), linesOf(after));
  const keep = lines.map((_, index) =>
    lines.slice(Math.max(0, index - context), index + context + 1).some(({ sign }) => sign !== " "),
  );
  const out = lines.flatMap(({ sign, text }, index) => {
    if (!keep[index]) return [];
    const leftOut = index > 0 && !keep[index - 1];
    return leftOut ? ["@@", `${sign}${text}`] : [`${sign}${text}`];
  });
  return `${out.join("\n")}\n`;
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** By the longest common subsequence. */
function compare(a: readonly string[], b: readonly string[]): readonly Line[] {
  if (a.length > mostLines || b.length > mostLines) return [...a.map(gone), ...b.map(come)];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => length[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--)
      length[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      lines.push({ sign: " ", text: a[i] ?? "" });
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1)))
      lines.push(gone(a[i++] ?? ""));
    else lines.push(come(b[j++] ?? ""));
  }
  return lines;
}

function gone(text: string): Line {
  return { sign: "-", text };
}

function come(text: string): Line {
  return { sign: "+", text };
}
