/** How a command has pictures indexed: through the queue on AWS, or by this process. */

/** Takes messages for on-upload. */
export interface Sender {
  readonly send: (bodies: readonly string[]) => Promise<void>;
  /** Resolves when all that was sent is done, where that can be known; says how many failed for good. */
  readonly finish: () => Promise<{ failed: number }>;
}
