/** Runs one hook of the console without a browser: in a component that shows nothing. */

import { h, options, render } from 'preact';
import { vi } from 'vitest';

export interface RunningHook<Props, Result> {
  /** What the hook gave last. */
  readonly result: Result;
  /** Renders again, with other arguments. */
  update(props: Props): Promise<void>;
  end(): Promise<void>;
}

/** Effects run in the next microtask, in place of after the next frame. */
export async function runHook<Props, Result>(
  hook: (props: Props) => Result,
  first: Props,
): Promise<RunningHook<Props, Result>> {
  options.requestAnimationFrame = (flush) => queueMicrotask(flush);
  // preact compares the place with the page's own.
  vi.stubGlobal('document', {});
  const place = { nodeType: 1, childNodes: [], firstChild: null } as unknown as Element;
  let result: Result | undefined;
  const Nothing = ({ props }: { props: Props }) => {
    result = hook(props);
    return null;
  };
  const update = (props: Props) => {
    render(h(Nothing, { props }), place);
    return rendered();
  };
  await update(first);
  return {
    get result() {
      return result!;
    },
    update,
    end: () => {
      render(null, place);
      return rendered();
    },
  };
}

/** Effects set states, and these have effects. */
export async function rendered(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
