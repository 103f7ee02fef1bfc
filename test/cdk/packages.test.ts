/** The packages of the functions: that native parts are whole, meant for Lambda, and what the lock file says. */

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { downloadPackage } from '../../cdk/bundling/download-package.ts';
import { NativePackageMissing, TooNewForLambda, WrongProcessor } from '../../cdk/bundling/errors.ts';
import { lockedPackage, ROOT } from '../../cdk/bundling/lock-file.ts';
import { LAMBDA_LIBRARIES, refuseForeign, symbolVersions } from '../../cdk/bundling/native-files.ts';
import { ARCHITECTURES, nativePackages } from '../../cdk/bundling/native-packages.ts';

const manifest = (name: string): { version: string; dependencies?: Record<string, string> } =>
  JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));

/** Needed to install onnxruntime-node, not to run it. */
const ONLY_TO_INSTALL = ['adm-zip', 'global-agent'];

describe.each(ARCHITECTURES)('native packages for %s', (architecture) => {
  test.each(nativePackages(architecture).map((native) => [native.name, native] as const))(
    '%s ships all that it needs',
    (name, native) => {
      const needed = Object.keys(manifest(name).dependencies ?? {}).filter(
        (one) => !ONLY_TO_INSTALL.includes(one),
      );
      expect(native.ships).toEqual(expect.arrayContaining([name, ...needed]));
    },
  );

  test('sharp comes with the parts for Lambda that its own list names', () => {
    const { optionalDependencies } = manifest('sharp') as { optionalDependencies?: Record<string, string> };
    const sharp = nativePackages(architecture).find(({ name }) => name === 'sharp')!;
    const forLambda = sharp.ships.filter((one) => one.endsWith(`linux-${architecture}`));
    expect(forLambda).toHaveLength(2);
    for (const name of forLambda) expect(lockedPackage(name).version).toBe(optionalDependencies?.[name]);
  });
});

test.each([
  ['x64', 'arm64'],
  ['arm64', 'x64'],
] as const)('of onnxruntime only what Linux on %s runs is shipped', (architecture, other) => {
  const native = nativePackages(architecture).find(({ name }) => name === 'onnxruntime-node')!;
  const paths = ['darwin', 'win32', 'linux', `linux/${other}`, `linux/${architecture}`].map(
    (platform) => `bin/napi-v6/${platform}`,
  );
  const files = ['lib', 'script', 'dist', 'dist/index.js', 'dist/index.d.ts', 'dist/index.js.map'];
  const left = [...paths, ...files].filter((path) => native.leavesOut(`/tmp/onnxruntime-node/${path}`));
  expect(left).toEqual([
    'bin/napi-v6/darwin',
    'bin/napi-v6/win32',
    `bin/napi-v6/linux/${other}`,
    'lib',
    'script',
    'dist/index.d.ts',
    'dist/index.js.map',
  ]);
});

test('the notice of libvips, which is under the LGPL, is in the package of a function', () => {
  const native = nativePackages('x64').find(({ name }) => name === 'sharp')!;
  const libvips = native.ships.find((name) => name.includes('libvips'))!;
  expect(native.leavesOut(`/tmp/node_modules/${libvips}/README.md`)).toBe(false);
  const installed = readdirSync(join(ROOT, 'node_modules', '@img')).find((name) => name.includes('libvips'))!;
  const notice = readFileSync(join(ROOT, 'node_modules', '@img', installed, 'README.md'), 'utf8');
  expect(notice).toMatch(/LGPL/);
  const ours = readFileSync(join(ROOT, 'THIRD-PARTY-NOTICES.md'), 'utf8');
  expect(ours).toContain('GNU Lesser General');
});

describe('a download', () => {
  test('of other bytes than the tested ones is refused', () => {
    const { version } = lockedPackage('detect-libc');
    const changed = { name: 'detect-libc', version, integrity: `sha512-${'A'.repeat(86)}==` };
    expect(() => downloadPackage(changed)).toThrow(NativePackageMissing);
  });
});

describe('native files', () => {
  /** A file for x64 that names these symbols. */
  const write = (content: string, machine = 0x3e): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'likeness-native-')), 'addon.node');
    const header = Buffer.alloc(64);
    header.write('\x7fELF', 'latin1');
    header.writeUInt16LE(machine, 18);
    writeFileSync(path, Buffer.concat([header, Buffer.from(content)]));
    return path;
  };

  test('say which libraries they need', () => {
    const file = Buffer.from('\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.4\0GLIBCXX_3.4.9\0');
    expect(symbolVersions(file)).toEqual({ GLIBC: '2.34', GLIBCXX: '3.4.9' });
  });

  test('made for a newer system are refused by name', () => {
    expect(() => refuseForeign(write('\0GLIBC_2.38\0'), 'x64')).toThrow(TooNewForLambda);
    expect(() => refuseForeign(write('\0GLIBC_2.38\0'), 'x64')).toThrow(/2\.38.*2\.34/);
    expect(() => refuseForeign(write(`\0GLIBC_${LAMBDA_LIBRARIES.GLIBC}\0`), 'x64')).not.toThrow();
  });

  test('made for another processor, or another system, are refused', () => {
    expect(() => refuseForeign(write('', 0xb7), 'x64')).toThrow(WrongProcessor);
    expect(() => refuseForeign(write('', 0x3e), 'arm64')).toThrow(WrongProcessor);
    expect(() => refuseForeign(write('', 0xb7), 'arm64')).not.toThrow();
    const path = join(mkdtempSync(join(tmpdir(), 'likeness-native-')), 'addon.node');
    writeFileSync(path, 'MZ, or Mach-O, or nothing at all');
    expect(() => refuseForeign(path, 'x64')).toThrow(WrongProcessor);
  });
});
