import type { Progressed } from "../core/view/progress.ts";

/** Told how far a long act is. Must not fail, and not be slow. */
export type Tell = (progressed: Progressed) => void;
