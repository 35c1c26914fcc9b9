/** Tells what happens in a world in lines that a person can follow. */
import type { Job, Pod, StoredMediaJob } from "../../operator/kube/api/resources.ts";
import type { Written } from "./model/server.ts";
import type { World } from "./world.ts";

export function narrate(world: World, say: (line: string) => void): void {
  world.on("written", (written) => {
    const line = describe(written);
    if (line) say(`${written.by} ${line}`);
  });
  world.on("started", ({ pod, fate }) => say(`worker ${pod.metadata.name} runs and ${fate.name}`));
  world.on("ended", ({ pod }) => say(`worker ${pod.metadata.name} is over`));
  world.on("request", ({ by, verb, plural, name, outcome }) => {
    if (outcome !== "ok" && plural !== "leases") say(`${by} ${verb} ${plural} ${name}: ${outcome}`);
  });
  world.on("received", ({ event, by, delivery }) =>
    say(`${by} delivers ${event.id} to ${event.url}: ${delivery.outcome}`),
  );
}

function describe({ plural, type, object, before }: Written): string | null {
  const { name, resourceVersion } = object.metadata;
  const head = `${type} ${plural} ${name} @${resourceVersion}`;
  const deleting = object.metadata.deletionTimestamp ? ", deleting" : "";
  if (plural === "mediajobs") {
    const { status, spec } = object as StoredMediaJob;
    const outbox = (status?.webhooks ?? []).map(
      ({ name, pending, delivered, deadLetters }) =>
        `${name}:${pending.map(({ sequence }) => sequence)}|${delivered}|${deadLetters}`,
    );
    return `${head}${deleting} phase=${status?.phase} ledger=${status?.units?.ledger} running=${status?.units?.running} percent=${status?.progress?.percent} queue=${status?.queue?.reason} retry=${spec.retryGeneration} suspend=${spec.suspend} cancel=${spec.cancel} outbox=${outbox}`;
  }
  if (plural === "jobs")
    return `${head}${deleting} ${((object as Job).status?.conditions ?? []).map(({ type }) => type)}`;
  if (plural === "pods") {
    const { status } = object as Pod;
    const code = status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
    return `${head}${deleting} ${status?.phase}${code === undefined ? "" : ` ${code}`} ${(status?.conditions ?? []).map(({ type }) => type)}`;
  }
  if (plural === "leases") {
    const holderOf = (lease: unknown) =>
      (lease as { spec?: { holderIdentity?: string } } | null)?.spec?.holderIdentity;
    return holderOf(before) === holderOf(object) ? null : `${head} held by "${holderOf(object)}"`;
  }
  return head;
}
