/** The folder store against what every store must do, and what a folder alone has to answer for. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from '../../../core/storage/file-store.ts';
import { conformance } from './conformance.ts';

conformance('FileStore', async () => new FileStore(await mkdtemp(join(tmpdir(), 'likeness-store-'))));
