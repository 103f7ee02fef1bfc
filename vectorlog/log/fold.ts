/** The one rule that makes at-least-once delivery in any order safe: what a record makes of what is known of its key. */

import { type KeyState, sameState } from './key-state.ts';
import type { LogRecord } from './record.ts';
import { compareVersions } from './versions.ts';

/**
 * Folds one record into the state of its key. The highest version wins, whatever the order: an equal version is a
 * duplicate and a lower one is late, and both change nothing. That holds against a deletion too, as long as it is
 * remembered.
 *
 * A record of a backfill has no version. It applies only where the key is still as the backfill saw it, and it leaves
 * the version as it was, so that events that were old before stay old. No clock is asked: `lastModified` would not do,
 * as S3 dates a multipart upload from its beginning.
 *
 * @returns the new state, or `undefined` when the record changes nothing
 */
export function fold(known: KeyState, record: LogRecord): KeyState | undefined {
  const knownVersion = known.state === 'absent' ? undefined : known.version;
  if (record.version === undefined) {
    if (!record.basis || !sameState(known, record.basis)) return undefined;
    return stateAfter(record, knownVersion);
  }
  if (knownVersion !== undefined && compareVersions(record.version, knownVersion) <= 0) return undefined;
  return stateAfter(record, record.version);
}

const stateAfter = (record: LogRecord, version: string | undefined): KeyState =>
  record.op === 'put' ? { state: 'live', version, eTag: record.eTag } : { state: 'deleted', version };
