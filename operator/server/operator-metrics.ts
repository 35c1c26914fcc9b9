import type { ConfigurationFile } from "../configuration-file.ts";
import type { Metrics } from "./metrics.ts";

/** Shows how the operator itself stands: read when the metrics are asked for. */
export function showOperator(
  { configurationValid, unitsRunning }: Metrics,
  {
    file,
    running,
  }: {
    file: Pick<ConfigurationFile, "current" | "isValid">;
    /** Units that run in a pool. */
    running(pool: string): number;
  },
): void {
  configurationValid.set(file.isValid ? 1 : 0);
  unitsRunning.reset(); // of pools that are no more
  for (const { name } of file.current.pools) unitsRunning.set({ pool: name }, running(name));
}
