/** `likeness-search/client/sigv4`: a `fetch` that signs requests for AWS, for an API that asks for IAM credentials. Node only. */

import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

export interface SigningOptions {
  /** Requests to other places, such as uploads to a bucket, are signed already and left alone. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** @default 'execute-api', API Gateway's name */
  readonly service?: string;
}

/**
 * @example
 * import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
 *
 * const signed = signingFetch({ endpoint, region: 'eu-central-1', credentials: fromNodeProviderChain() });
 * const client = createClient({ endpoint, fetch: signed });
 */
export function signingFetch(options: SigningOptions): typeof fetch {
  const { endpoint, region, credentials, service = 'execute-api' } = options;
  const { origin } = new URL(endpoint);
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });

  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (url.origin !== origin) return fetch(request);
    // A plus stands for a space in forms only; in a signature it stands for itself.
    url.search = url.search.replaceAll('+', '%20');

    const body = new Uint8Array(await request.arrayBuffer());
    const query: Record<string, string[]> = {};
    for (const [name, value] of url.searchParams) query[name] = [...(query[name] ?? []), value];
    const contentType = request.headers.get('content-type');
    const { headers } = await signer.sign({
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port && { port: Number(url.port) }),
      path: url.pathname,
      query,
      headers: { host: url.host, ...(contentType && { 'content-type': contentType }) },
      ...(body.length > 0 && { body }),
    });
    // `fetch` sets the host itself, the same one.
    const { host: _, ...signed } = headers;
    return fetch(url, {
      method: request.method,
      headers: signed,
      signal: request.signal,
      // The token of a session would go on to wherever a server points.
      redirect: 'error',
      ...(body.length > 0 && { body }),
    });
  };
}
