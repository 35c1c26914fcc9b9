import type { Unit } from "../crds/unit.ts";
import type { Account } from "./account.ts";
import type { EngineContext } from "./engine.ts";
import { MediaRecords } from "./probe/media-records.ts";
import type { ProgressReporter } from "./progress.ts";
import type { VolumeDestination } from "./storage/destination.ts";
import { readSecret } from "./storage/secret.ts";
import { openVolumeSource } from "./storage/volume.ts";
import type { Surroundings } from "./surroundings.ts";

/** What an engine is given: every file that it opens and every output that it leaves is noted in the account. */
export function engineContext(
  unit: Unit,
  {
    account,
    destination,
    reporter,
    surroundings,
    signal,
  }: {
    account: Account;
    destination: VolumeDestination;
    reporter: ProgressReporter;
    surroundings: Surroundings;
    signal: AbortSignal;
  },
): EngineContext {
  const media = new MediaRecords();
  const { usage, made } = account;
  return {
    unit,
    limits: unit.limits,
    signal,
    scratchDir: surroundings.scratchDir,
    stagingDir: destination.stagingDir,
    handover: destination.handover,
    async openSource(source) {
      const file = await openVolumeSource(source, surroundings.volumeRoot);
      usage.bytesIn += file.bytes;
      account.opened.push(file);
      destination.noteRead(file);
      return file;
    },
    probe: ({ path }) => media.of(path, signal),
    readSecret(ref) {
      destination.reuse.forget(); // what a Secret holds can be known by nothing that is kept
      return readSecret(ref, surroundings.secretRoot);
    },
    async findMade(product) {
      const found = await destination.findMade(product);
      if (found) made.push(found);
      return found;
    },
    isMade: async (product) => (await destination.findMade(product, { isTaken: false })) !== undefined,
    async publish(stagedPath, product, facts) {
      signal.throwIfAborted();
      const output = await destination.publish(stagedPath, product, facts);
      usage.bytesOut += output.phase === "Succeeded" ? (output.bytes ?? 0) : 0;
      made.push(output);
      return output;
    },
    async withdraw(product) {
      signal.throwIfAborted();
      await destination.withdraw(product);
    },
    progress: (stage, share, extra) => reporter.report(stage, share, extra),
    found(facts) {
      account.facts = facts;
    },
    warn: (warning) => account.warn(warning),
    fail(error, subject) {
      signal.throwIfAborted(); // what breaks because it was stopped is no failure of its own
      account.fail(error, subject);
    },
    watchChild: (pid) => usage.watchChild(pid),
    record: (entry) => account.records.push(entry),
  };
}
