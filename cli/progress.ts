/** Progress bars, on standard error and only where someone watches. */

import cliProgress from 'cli-progress';

export interface Progress {
  /** How much is done; and of how much, and of what, should that have changed. */
  update(done: number, total?: number, title?: string): void;
  /** Takes the bar away, or leaves it where it ended when `keep` is given. */
  stop(): void;
}

export interface ProgressOptions {
  /** What is being done: `Uploading`. */
  readonly title: string;
  readonly total: number;
  /** How to show a quantity. @default as a plain number */
  readonly format?: (quantity: number) => string;
}

const silent: Progress = { update: () => {}, stop: () => {} };

/** Starts a bar; on anything but a terminal it does nothing. */
export function startProgress({ title, total, format = String }: ProgressOptions): Progress {
  if (!process.stderr.isTTY) return silent;
  const bar = new cliProgress.SingleBar(
    {
      format: `{title} {bar} {done} of {all}  {eta_formatted}`,
      barsize: 30,
      clearOnComplete: true,
      stream: process.stderr,
      etaBuffer: 50,
    },
    cliProgress.Presets.shades_classic,
  );
  let shownTitle = title;
  const shown = (done: number, all: number) => ({
    title: shownTitle,
    done: format(done),
    all: format(all),
  });
  bar.start(total, 0, shown(0, total));
  return {
    update(done, newTotal, newTitle = shownTitle) {
      shownTitle = newTitle;
      if (newTotal !== undefined) bar.setTotal(newTotal);
      bar.update(done, shown(done, bar.getTotal()));
    },
    stop: () => bar.stop(),
  };
}

/** Bytes for people: `97.8 MB`. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
