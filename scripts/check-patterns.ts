/** Lint step: fails when a regular expression of the repository is ambiguous, so that no text can block a process. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { say } from './say.ts';

// recheck would start Java or a native program; its JavaScript runs everywhere, and answers the same.
process.env.RECHECK_BACKEND = 'pure';
const { ambiguousPatterns } = await import('./ambiguous-patterns.ts');

/** All but the tests, whose patterns read only what the tests themselves make; checking those would take minutes. */
const FOLDERS = [
  'bench',
  'cdk',
  'cli',
  'client',
  'console',
  'functions',
  'layers',
  'local',
  'pictures',
  'scripts',
  'vectorlog',
];
const tracked = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...FOLDERS];
const files = execFileSync('git', tracked, { encoding: 'utf8' })
  .split('\0')
  .filter((file) => /\.tsx?$/.test(file));

for (const file of files) {
  for (const { line, source, growth } of await ambiguousPatterns(file, readFileSync(file, 'utf8'))) {
    say(`${file}:${line}: ${source} is ambiguous: ${growth}`);
    process.exitCode = 1;
  }
}
