import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { binaryPath } from "../cluster/binaries.ts";
import { until } from "../cluster/until.ts";
import { OPERATOR_NAMESPACE, RELEASE } from "./install.ts";

/** One Server-Sent Event of a MediaJob. */
export interface StatusEvent {
  id: string;
  status: { phase: string; progress?: { percent: number } };
}

/**
 * Follows a MediaJob as docs/webhooks.md says: by `kubectl port-forward`, until the stream ends or breaks off. Gives
 * what it has read so far, and goes on reading. Begins anew while there is nobody at the other end: an operator that
 * was killed has a successor soon, and the Service may not know yet which of the two runs.
 */
export const followEvents = (wanted: Wanted): Promise<Followed> =>
  until("the operator to stream events", () => follow(wanted), { timeoutMs: 90_000, everyMs: 500 });

interface Wanted {
  kubeconfig: string;
  path: string;
  token: string;
  lastId?: string | undefined;
}

interface Followed {
  events: StatusEvent[];
  over: Promise<void>;
}

async function follow({ kubeconfig, path, token, lastId }: Wanted): Promise<Followed> {
  const args = ["port-forward", "--namespace", OPERATOR_NAMESPACE, `service/${RELEASE}`, ":8080"];
  const forward = spawn(binaryPath("kubectl"), args, {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = async () => {
    if (forward.exitCode !== null) return;
    const ended = once(forward, "exit");
    forward.kill();
    await ended;
  };
  try {
    const port = await portOf(forward);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${token}`, ...(lastId && { "last-event-id": lastId }) },
    });
    if (response.status !== 200)
      throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    const events: StatusEvent[] = [];
    const over = read(response, events).finally(stop);
    return { events, over };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function portOf(forward: ChildProcess): Promise<number> {
  let said = "";
  forward.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  const ended = once(forward, "exit").then(([code]) => {
    throw new Error(`kubectl port-forward ended with ${code}`);
  });
  const isForwarding = async () => Number(/127\.0\.0\.1:(\d+) ->/.exec(said)?.[1]) || undefined;
  const forwarding = until("kubectl port-forward", isForwarding, { timeoutMs: 30_000, everyMs: 50 });
  return await Promise.race([forwarding, ended]);
}

/** That a stream breaks off is no error here: its far end may be killed. */
async function read({ body }: Response, events: StatusEvent[]): Promise<void> {
  let text = "";
  try {
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, id = "", data] = /^id: (.*)\nevent: status\ndata: (.*)$/.exec(block) ?? [];
        if (data) events.push({ id, status: JSON.parse(data) });
      }
    }
  } catch {
    return;
  }
}
