/** The package as a stranger has it: packed, and installed from the tarball in an empty folder. */

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** What the tarball may weigh: a package that grows past it has taken in something that nobody meant. */
export const TARBALL_BUDGET = 6 * 1024 * 1024;

const run = promisify(execFile);

export interface Project {
  readonly folder: string;
  /** Bytes of the tarball. */
  readonly tarballBytes: number;
  /** A home of its own, so that nothing is found that this machine had before. */
  readonly environment: NodeJS.ProcessEnv;
}

/** @param others packages that the project installs too, as its owner would */
export async function installPackage(others: readonly string[] = []): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-package-'));
  const packed = await mkdtemp(join(tmpdir(), 'likeness-packed-'));
  // npm would not: .npmrc lets no script run by itself.
  await run('npm', ['run', '--silent', 'build:package'], { cwd: REPOSITORY, maxBuffer: 1 << 26 });
  await run('npm', ['pack', '--pack-destination', packed], { cwd: REPOSITORY, maxBuffer: 1 << 26 });
  const [name] = await readdir(packed);
  const tarball = join(packed, name!);
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
  );
  // Without scripts, as careful people install; faiss-node is optional and stays without its binary.
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball, ...others], {
    cwd: folder,
    maxBuffer: 1 << 26,
  });
  const { npm_config_prefix: _, INIT_CWD: __, ...rest } = process.env;
  return {
    folder,
    tarballBytes: (await stat(tarball)).size,
    environment: { ...rest, HOME: join(folder, 'home'), XDG_CACHE_HOME: join(folder, 'cache') },
  };
}

/** Runs a program in the project. */
export const runIn = ({ folder, environment }: Project, program: string, args: readonly string[]) =>
  run(program, args, { cwd: folder, env: environment, maxBuffer: 1 << 26 });

/** Starts a program in the project, and waits until what it prints matches. */
export async function startIn(
  { folder, environment }: Project,
  program: string,
  args: readonly string[],
  until: RegExp,
): Promise<{ match: RegExpExecArray; stop(): Promise<void> }> {
  const child = spawn(program, args, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  const match = await new Promise<RegExpExecArray>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk;
      const found = until.exec(said);
      if (found) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then(() => reject(new Error(`${program} ended:\n${said}`)));
  });
  return {
    match,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const TSC = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
const TYPES = join(REPOSITORY, 'node_modules', '@types');

/** What the compiler says of a file of the project; nothing when all is well. */
export async function complaints(project: Project, text: string): Promise<string> {
  await writeFile(join(project.folder, 'example.ts'), text);
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck'];
  const args = [TSC, ...options, '--typeRoots', TYPES, '--types', 'node', 'example.ts'];
  return runIn(project, process.execPath, args).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}
