/** Finds the regular expressions of a source file whose time can grow faster than the text they are given. */

import { check } from 'recheck';
import { parseSync, Visitor } from 'vite';

/** One expression that must not stay as it is. */
export interface AmbiguousPattern {
  readonly line: number;
  /** As it stands in the source. */
  readonly source: string;
  /** Its growth, such as `2nd degree polynomial`; or why it could not be told. */
  readonly growth: string;
}

/** Milliseconds for one expression; most take a few. */
const TIMEOUT_MS = 60_000;

interface Found {
  readonly start: number;
  readonly source: string;
  /** `undefined` when the expression is made at run time. */
  readonly pattern: { readonly text: string; readonly flags: string } | undefined;
}

/** @param name of the file: its ending says which language it is in */
export async function ambiguousPatterns(name: string, code: string): Promise<AmbiguousPattern[]> {
  const ambiguous: AmbiguousPattern[] = [];
  for (const { start, source, pattern } of patternsOf(name, code)) {
    const growth = pattern
      ? await growthOf(pattern.text, pattern.flags)
      : 'made at run time, cannot be checked';
    if (growth) ambiguous.push({ line: code.slice(0, start).split('\n').length, source, growth });
  }
  return ambiguous;
}

function patternsOf(name: string, code: string): Found[] {
  const found: Found[] = [];
  const add = ({ start, end }: { start: number; end: number }, pattern: Found['pattern']) =>
    found.push({ start, source: code.slice(start, end), pattern });
  const made = (node: { callee: { type: string }; arguments: unknown[]; start: number; end: number }) => {
    const { callee } = node;
    if (callee.type !== 'Identifier' || (callee as { name?: string }).name !== 'RegExp') return;
    const [text, flags] = node.arguments.map((argument) => (argument as { value?: unknown }).value);
    add(node, typeof text === 'string' ? { text, flags: typeof flags === 'string' ? flags : '' } : undefined);
  };
  new Visitor({
    Literal(node) {
      if ('regex' in node) add(node, { text: node.regex.pattern, flags: node.regex.flags });
    },
    NewExpression: made,
    CallExpression: made,
  }).visit(parseSync(name, code).program);
  return found;
}

/** How an expression grows, when that is faster than its text. */
async function growthOf(text: string, flags: string): Promise<string | undefined> {
  // With one seed, so that the same source gets the same answer on every machine.
  const result = await check(text, flags, { timeout: TIMEOUT_MS, randomSeed: 1 });
  if (result.status === 'safe') return undefined;
  return result.status === 'vulnerable' ? result.complexity.summary : `unknown (${result.error.kind})`;
}
