/** The in-memory store against what every store must do. */

import { MemoryStore } from '../../../vectorlog/store/memory-store.ts';
import { conformance } from './conformance.ts';

conformance('MemoryStore', async () => new MemoryStore());
