import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('starts onnxruntime without its telemetry, which would leave a device id in the home folder', () => {
  // Prepare
  const home = mkdtempSync(join(tmpdir(), 'likeness-home-'));
  const module = fileURLToPath(new URL('../../../pictures/embedding/session.ts', import.meta.url));
  const script = `const { openSession } = await import(${JSON.stringify(module)});
    await openSession(Buffer.from('onnxruntime starts before it sees that this is no model')).catch(() => {});`;
  try {
    // Act
    const { ORT_DISABLE_TELEMETRY: _, ...environment } = process.env;
    execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env: { ...environment, HOME: home, XDG_CACHE_HOME: join(home, '.cache') },
    });

    // Assess
    expect(
      readdirSync(home, { recursive: true }).filter((name) => String(name).includes('Microsoft')),
    ).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
