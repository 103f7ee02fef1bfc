/** The in-memory store against what every store must do. */

import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { conformance } from '../store/conformance.ts';

conformance('MemoryStore', async () => new MemoryStore());
