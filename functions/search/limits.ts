/** The limits of the HTTP API, each with its unit and the reason for its size. */

import { MAX_K } from '../../vectorlog/scan/hit.ts';
import { STORE_LIMITS } from '../../vectorlog/store/limits.ts';

const MiB = 1024 * 1024;
const SECOND = 1000;

/** The HTTP API. */
export const SEARCH_LIMITS = {
  /** Results of one search. */
  maxK: MAX_K,
  defaultK: 10,
  /**
   * Bytes of a request's body. Lambda takes 6 MB of JSON: base64 makes 4 of 3, and the event around it takes some, so
   * that a little more than this still comes here to be refused in words.
   */
  maxBodyBytes: Math.floor(4.4 * MiB),
  /** Bytes of the items in one answer as Lambda hands it on, which gives back 6 MB; the rest is for one item more and its frame. */
  maxAnswerBytes: 4 * MiB,
  /** Pictures in one group of duplicates of one page: a larger group comes in parts, each of which fits an answer. */
  maxGroupPart: 200,
  /** Bytes of one decision about duplicates, as JSON: so many keys of usual length as a page has. */
  maxDecisionBytes: MiB,
  /** Levels of lists and objects in a JSON body; real ones have five. */
  maxDepth: 32,
  /** Names of all objects in a JSON body together; metadata and filters have room for a tenth of that. */
  maxNames: 8_192,
  /** Lists and objects in a JSON body together; a million empty ones hold a parser for a quarter of a second. */
  maxLists: 8_192,
  /** Commas in a JSON body: a decision of the shortest keys has one every four bytes. */
  maxCommas: MiB / 4,
  /** Numbers in a vector that somebody sends: more than any model's, so that a wrong length is said in words. */
  maxDimensions: 8_192,
  /** Bytes of an object key, as on S3. */
  maxKeyBytes: STORE_LIMITS.maxKeyBytes,
  /** Items on one page of a list. */
  maxPage: 1_000,
  defaultPage: 100,
  /** Keys whose states are asked for at once: each is a request to the bucket. */
  maxStates: 100,
  /** How long a request waits for an index that is being loaded: API Gateway gives up after 30 seconds. */
  loadingPatienceMs: 20 * SECOND,
  /** Milliseconds after which a page of duplicates ends, so that callers see progress and no gateway gives up. */
  duplicatesMs: 3 * SECOND,
  /** Pictures of one search by several. */
  maxQueries: 16,
  /** Pictures whose small copies are asked for at once: more than a screen shows. */
  maxThumbnails: 100,
  /** Pictures of a sample. */
  maxSample: 100,
  defaultSample: 36,
  /** Pictures on a map: what a browser lays out within seconds, and what Lambda answers with in 6 MB. */
  maxMapPictures: 20_000,
  /** Bytes of all keys on a map together, as they stand in the answer, for the same reason. */
  maxMapKeyBytes: 2 * MiB,
  /** Pictures that a histogram of scores looks at; of more, it looks at some and estimates. */
  maxHistogramPictures: 8_192,
  /** Values that are named of one metadata name. */
  maxMetadataValues: 50,
  /** Values that a filter may give for one metadata name, in whatever case it is written. */
  maxFilterValues: 1_000,
  /** Metadata names in one filter: more than the 2 KB of metadata that S3 keeps of an object could answer. */
  maxFilterNames: 100,
  /** Ranges of attributes in one search: one for each attribute. */
  maxRanges: 5,
  /** Characters of a range: a name and two dates to the millisecond. */
  maxRangeLength: 100,
  /** Characters of a crop: four fractions with more digits than a pixel needs. */
  maxCropLength: 100,
  /** Things that one answer says are wrong with a request, and characters of each. */
  maxErrors: 20,
  maxErrorLength: 300,
  /** Names and values of one picture's metadata together, as on S3. */
  maxMetadataBytes: 2_048,
} as const;
