/**
 * A deliberate bug: a piece of source text and what stands in its place, which is put in as the module is loaded. Those
 * marked as real were in the code once, and a simulation found them.
 */
export interface Mutation {
  readonly name: string;
  /** In one sentence, as a commit message would have it that did not know better. */
  readonly what: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The first of the seeds among which it shows, where it takes so many rare things at once that the first do not. */
  readonly from?: number;
}
