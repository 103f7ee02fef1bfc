/** How the scripts speak: plain sentences on standard output, trouble on standard error. */

export const say = (sentence: string): void => console.log(sentence);

export const warn = (sentence: string): void => console.error(sentence);

/** A script cannot go on by itself; the message says what its user can do. */
export class CannotContinue extends Error {
  override readonly name = 'CannotContinue';
}
