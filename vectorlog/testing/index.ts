/**
 * What tests of an index need: a store in memory, and the parts of a simulation in virtual time (a bad network, instances that
 * die, what is true, and a checker that reads the index from its bytes).
 */

export { Checker, type CheckerOptions, Violation } from './checker.ts';
export { type Faults, FaultyStore, NO_FAULTS } from './faulty-store.ts';
export { GrowingStore } from './growing-store.ts';
export { Instance } from './instance.ts';
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export { ObservedStore } from './observed-store.ts';
export { Random } from './random.ts';
export { Scheduler } from './scheduler.ts';
export { Truth } from './truth.ts';
