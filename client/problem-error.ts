/** What the client throws when the server answers with a problem document. */

import type { Problem, ProblemCode } from './types.ts';

const URN = 'urn:likeness:problem:';

/** Whether an answer is what S3 gives, with 400, to an upload over a connection on which nothing moved for a while. */
export const saysStalled = (text: string): boolean => /<Code>RequestTimeout<\/Code>/.test(text);

/** An answer that is not a success. `message` is fit to be shown: it says what is wrong and what to do. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(readonly problem: Problem) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title);
  }

  get status(): number {
    return this.problem.status;
  }

  /** The stable code; `undefined` when the answer came from something other than Likeness, such as a gateway. */
  get code(): ProblemCode | undefined {
    const { type } = this.problem;
    return type.startsWith(URN) ? (type.slice(URN.length) as ProblemCode) : undefined;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    // API Gateway answers 500 by itself for a function that is throttled.
    const isOfGateway = this.status === 500 && this.code === undefined;
    const hasStalled = this.code === undefined && saysStalled(this.problem.detail ?? '');
    return isOfGateway || hasStalled || [408, 429, 502, 503, 504].includes(this.status);
  }

  /** Reads the problem out of a response, or makes one for a response that carries none. */
  static async from(response: Response): Promise<ProblemError> {
    const text = await response.text();
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
    return new ProblemError(
      (isProblem ? problemIn(text) : undefined) ?? {
        type: 'about:blank',
        title: `${response.status} ${response.statusText}`.trim(),
        status: response.status,
        detail: text.slice(0, 500),
      },
    );
  }
}

/** `undefined` for a text that is no problem document, whatever was said of its type. */
function problemIn(text: string): Problem | undefined {
  try {
    const found = JSON.parse(text) as Problem;
    const types = [found.type, found.title, found.status].map((each) => typeof each);
    return types.join() === 'string,string,number' ? found : undefined;
  } catch {
    return undefined;
  }
}
