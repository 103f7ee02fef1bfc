/** Texts of strangers, such as keys, made harmless for a terminal and for a shell. */

/** What moves the cursor, begins a command of the terminal, or turns the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\p{Surrogate}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** The text on one line, with everything that a terminal would obey as `\u{…}`. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);

/** A value as JSON on one line; what a terminal would obey is escaped, which means the same to whoever parses it. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replace(
    UNPRINTABLE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** The text as one word of a command line that can be copied; with control characters, for bash and zsh. */
export function shellQuoted(text: string): string {
  if (/^[\w./:=@%+,-]+$/.test(text)) return text;
  if (printable(text) === text) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = text
    .replaceAll(/['\\]/g, (char) => `\\${char}`)
    .replace(UNPRINTABLE, (char) => `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`);
  return `$'${escaped}'`;
}
