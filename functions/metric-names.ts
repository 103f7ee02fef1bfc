/** What the functions count: names that they write and that the dashboard and the alarms read. */

export const METRICS_NAMESPACE = 'Likeness';

export const METRICS = {
  /** Pictures that on-upload embedded. */
  embedded: 'PicturesEmbedded',
  /** Pictures that on-upload put into `rejected/`. */
  rejected: 'PicturesRejected',
  /** Seconds that the oldest append has waited for compaction, at the end of a run. */
  compactionLag: 'CompactionLag',
  /** Pictures in the index. */
  pictures: 'Pictures',
} as const;
