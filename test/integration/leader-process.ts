/**
 * One replica that stands for election and does nothing else, for leader.test.ts to run and to kill. Says on standard
 * output when it starts and stops to lead; hands the Lease over on SIGTERM.
 */
import { loadAccess } from "../../operator/kube/api/access.ts";
import { KubeClient } from "../../operator/kube/api/client.ts";
import { systemClock } from "../../operator/kube/clock.ts";
import { LeaderElector } from "../../operator/kube/leader.ts";

const [identity = "", name = "", leaseDurationMs = "", renewDeadlineMs = ""] = process.argv.slice(2);
const client = new KubeClient(await loadAccess());
const shutdown = new AbortController();
process.on("SIGTERM", () => shutdown.abort());

await new LeaderElector({
  client,
  lease: { namespace: "default", name },
  identity,
  leaseDurationMs: Number(leaseDurationMs),
  renewDeadlineMs: Number(renewDeadlineMs),
  retryPeriodMs: 250,
  clock: systemClock,
  random: Math.random,
  onStarted: () => console.log("started"),
  onStopped: async () => console.log("stopped"),
  onError: (error) => console.error(error),
}).run(shutdown.signal);
await client.close();
