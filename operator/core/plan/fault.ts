/** What the API server cannot see is wrong with a spec. */
export interface Fault {
  /** Field, e.g. `spec.outputs[1].sources[0]`. */
  path: string;
  message: string;
}
