/** A promise was broken: the simulation has found a fault. */

export class Violation extends Error {}
