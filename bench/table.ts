// A bench document for people.
import type { BenchDocument, BenchResult } from "./document.ts";

/** Text with one block a case; figures with four digits. */
export function table(document: BenchDocument): string {
  const { cpu, cores, memoryGiB, os, node } = document.machine;
  const options = Object.entries(document.options).map(([key, value]) => `${key} ${value}`);
  const head = `${document.bench} on ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node}\n${options.join(", ")}\n`;
  return `${head}\n${document.results.map(block).join("\n")}`;
}

function block(result: BenchResult): string {
  const { product, peers, ratio, target, met } = result;
  const verdict = target === null ? "" : `  ${target}: ${met ? "met" : "NOT MET"}`;
  const lines = [
    `${result.case}: ${result.metric}${verdict}`,
    `  product  ${figures(product)} ${result.unit}`,
  ];
  for (const [name, peer] of Object.entries(peers)) lines.push(`  ${name}  ${figures(peer)} ${result.unit}`);
  for (const [name, value] of Object.entries(ratio)) lines.push(`  ratio to ${name}  ${digits(value)}`);
  if (result.note) lines.push(`  ${result.note}`);
  return `${lines.join("\n")}\n`;
}

function figures(stats: BenchResult["product"]): string {
  const parts =
    stats.min === stats.max
      ? [digits(stats.median)]
      : [
          `median ${digits(stats.median)}, p99 ${digits(stats.p99)}, min ${digits(stats.min)}, max ${digits(stats.max)}`,
        ];
  if (stats.mean !== undefined && stats.min !== stats.max) parts.push(`mean ${digits(stats.mean)}`);
  if (stats.ci95) parts.push(`95 % interval ${digits(stats.ci95[0])} to ${digits(stats.ci95[1])}`);
  parts.push(`n ${stats.n}`);
  return parts.join(", ");
}

function digits(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
