/** Keys of strangers reach terminals and shells as text, and as nothing else. */

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { consoleLogger } from '../../local/console-logger.ts';
import { jsonText, printable, shellQuoted } from '../../local/printable.ts';

const HOSTILE = 'a\u001b]0;PWNED\u0007\u009b31m\nb\u202egpj.png\u2028\u007f';

test('what a terminal would obey is shown instead', () => {
  expect(printable(HOSTILE)).toBe(
    String.raw`a\u{1b}]0;PWNED\u{7}\u{9b}31m\u{a}b\u{202e}gpj.png\u{2028}\u{7f}`,
  );
  expect(printable('Sommer 2026/ключ 🖼️ é.jpg')).toBe('Sommer 2026/ключ 🖼️ é.jpg');
});

test('so it is in the log', () => {
  const lines: string[] = [];
  consoleLogger((line) => lines.push(line)).error(`failed ${HOSTILE}`, { error: new Error(HOSTILE) });
  expect(lines.join('')).not.toMatch(/\p{Cc}/u);
});

test('so it is in JSON, which says the same', () => {
  const value = { key: HOSTILE, 'ключ 🖼️': [HOSTILE] };
  expect(jsonText(value)).not.toMatch(/[\p{Cc}\u202e\u2028]/u);
  expect(JSON.parse(jsonText(value))).toEqual(value);
});

test.each(['plain/key.jpg', "it's; rm -rf ~", '$(date) `date` "x" \\', HOSTILE, "'\u0007\\'"])(
  'a shell reads %j as one word',
  (text) => {
    const said = execFileSync('bash', ['-c', `printf %s ${shellQuoted(text)}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    expect(said).toBe(text);
    expect(shellQuoted(text)).not.toMatch(/\p{Cc}/u);
  },
);
