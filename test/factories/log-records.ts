/** Records of a log, for tests that care for keys and versions. */

import type { LogRecord } from '../../vectorlog/log/record.ts';

/** The first row of its append. */
export const putRecord = (key: string, version: string): LogRecord => ({
  op: 'put',
  key,
  version,
  eTag: `e${version}`,
  attributes: {},
  row: 0,
});
