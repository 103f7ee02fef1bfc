/** The system packages that building faiss-node's addon needs, installed where this is allowed without asking. */

import { existsSync } from 'node:fs';
import { hasProgram, runProgram } from './run-program.ts';
import { say } from './say.ts';

const DEBIAN_PACKAGES = ['g++', 'libfaiss-dev', 'libopenblas-dev'];

/** Installs what is missing; returns what stands in the way, or `undefined` when all is there. */
export function installFaissPackages(): string | undefined {
  if (process.platform === 'darwin') return brewPackages();
  if (hasProgram('g++') && existsSync('/usr/include/faiss/Index.h')) return undefined;
  if (!hasProgram('apt-get'))
    return 'there is no g++ with the FAISS headers, and no apt-get to install them with';

  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (asRoot.length > 0 && !runProgram('sudo', ['-n', 'true']).ok) {
    return `the packages ${DEBIAN_PACKAGES.join(', ')} are missing, and installing them needs a password`;
  }
  say(
    `FAISS: installing the system packages ${DEBIAN_PACKAGES.join(', ')} with apt-get; this takes a minute.`,
  );
  const aptGet = (...args: string[]) => {
    const [program = '', ...rest] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    return runProgram(program, rest);
  };
  const install = () => aptGet('install', '-y', '--no-install-recommends', ...DEBIAN_PACKAGES);
  // A fresh container has no package lists, and an old one has stale ones.
  if (install().ok) return undefined;
  aptGet('update');
  const second = install();
  return second.ok ? undefined : `apt-get said:\n${second.output.trim()}`;
}

function brewPackages(): string | undefined {
  const installed = hasProgram('brew') && runProgram('brew', ['--prefix', '--installed', 'faiss']).ok;
  return installed ? undefined : 'Homebrew has no faiss installed';
}
