// The nearest word to a misspelt one.

/** Longer words are not compared: nobody misspells a key of that length, and the table grows by the square. */
const comparedCharacters = 64;

/**
 * Edits between two words: insert, delete, replace, or swap two neighbours (optimal string alignment, the
 * restricted form of Damerau 1964). Infinity where a word is too long to compare.
 */
export function editDistance(a: string, b: string): number {
  if (a.length > comparedCharacters || b.length > comparedCharacters) return Number.POSITIVE_INFINITY;
  const width = b.length + 1;
  const table = new Uint8Array((a.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      table[i * width + j] = Math.min(
        i === 0 ? j : at(i - 1, j) + 1,
        j === 0 ? i : at(i, j - 1) + 1,
        i > 0 && j > 0 ? at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1) : i + j,
        swapped(a, b, i, j) ? at(i - 2, j - 2) + 1 : i + j,
      );
    }
  }
  return at(a.length, b.length);
}

/** The known word that was most likely meant; null where none is near enough to be worth saying. */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: { readonly word: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    const distance = sameLetters(word, candidate) ? 1 : editDistance(word, candidate);
    if (distance <= tolerated(candidate) && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
      best = { word: candidate, distance };
    }
  }
  return best?.word ?? null;
}

/** `keep_backups` and `KeepBackups` are the same word to a person. */
export function sameLetters(a: string, b: string): boolean {
  const letters = (word: string) => word.toLowerCase().replace(/[-_.]/g, "");
  return letters(a) === letters(b);
}

function tolerated(word: string): number {
  return word.length < 5 ? 1 : Math.min(3, Math.floor(word.length / 3) + 1);
}

function swapped(a: string, b: string, i: number, j: number): boolean {
  return i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
}
