/** Amounts of what AWS meters, and what they cost at list price or beyond the allowances that do not end. */

import { ALLOWANCES, PRICES } from './prices.ts';

export type Unit = keyof typeof PRICES;

/** How much of each unit. */
export type Usage = Partial<Readonly<Record<Unit, number>>>;

/** US dollars for each unit of which there is some. */
export function bill(usage: Usage, { allowances = false } = {}): Partial<Record<Unit, number>> {
  const lines: Partial<Record<Unit, number>> = {};
  for (const [unit, amount] of Object.entries(usage) as [Unit, number][]) {
    const free = allowances ? (ALLOWANCES[unit] ?? 0) : 0;
    const usd = Math.max(0, amount - free) * PRICES[unit].usd;
    if (usd > 0) lines[unit] = usd;
  }
  return lines;
}

export const add = (...usages: readonly Usage[]): Usage => {
  const sum: Partial<Record<Unit, number>> = {};
  for (const usage of usages)
    for (const [unit, amount] of Object.entries(usage) as [Unit, number][])
      sum[unit] = (sum[unit] ?? 0) + amount;
  return sum;
};

export const times = (count: number, usage: Usage): Usage =>
  Object.fromEntries(Object.entries(usage).map(([unit, amount]) => [unit, count * amount])) as Usage;

/** US dollars in all. */
export const total = (usage: Usage, options?: { readonly allowances: boolean }): number =>
  Object.values(bill(usage, options)).reduce((sum, usd) => sum + usd, 0);
