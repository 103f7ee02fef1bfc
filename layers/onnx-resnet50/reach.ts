/** Whether something can be downloaded from an address at all. */

/**
 * Asks an address for its headers and waits a moment for any answer. Behind a proxy, which `fetch` does not know,
 * the answer is yes: the download itself has to tell.
 */
export async function canReach(address: string, timeoutMs: number): Promise<boolean> {
  if (process.env.https_proxy ?? process.env.HTTPS_PROXY) return true;
  return fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs) }).then(
    () => true,
    () => false,
  );
}
