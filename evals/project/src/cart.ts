import { config } from './config.ts';

export type Line = { sku: string; cents: number; count: number };

const carts = new Map<string, Line[]>();

export function add(session: string, line: Line): void {
  const lines = carts.get(session) ?? [];
  lines.push(line);
  carts.set(session, lines);
}

export function total(session: string): number {
  return (carts.get(session) ?? []).reduce((sum, line) => sum + line.cents * line.count, 0);
}

export function shown(cents: number): string {
  return `${(cents / 100).toFixed(2)} ${config.currency}`;
}
