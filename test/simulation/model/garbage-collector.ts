/** The garbage collector of kube-controller-manager: what is owned goes when its owner does, sooner or later. */
import type { KubeObject } from "../../../operator/kube/api/kube-object.ts";
import { JOBS, MEDIA_JOBS, PODS, type Resource } from "../../../operator/kube/api/resources.ts";
import type { Prng } from "../prng.ts";
import type { VirtualTime } from "../virtual-time.ts";
import { FOREGROUND, type ModelServer, type Written } from "./server.ts";

const BY = "garbage-collector";

/** Who owns what. */
const OWNED: readonly { owner: Resource; owned: Resource }[] = [
  { owner: MEDIA_JOBS, owned: JOBS },
  { owner: JOBS, owned: PODS },
];

export class GarbageCollector {
  readonly #server: ModelServer;
  readonly #time: VirtualTime;
  readonly #random: Prng;

  constructor({ server, time, random }: { server: ModelServer; time: VirtualTime; random: Prng }) {
    this.#server = server;
    this.#time = time;
    this.#random = random;
    server.onWrite((written) => {
      for (const { owner, owned } of OWNED) this.#follow(written, owner, owned);
    });
  }

  #follow({ plural, type, object }: Written, owner: Resource, owned: Resource): void {
    const { uid } = object.metadata;
    if (plural === owner.plural && type === "DELETED") this.#soon(() => this.#collect(owned, uid));
    if (plural === owner.plural && type !== "DELETED" && waitsForOwned(object))
      this.#soon(() => this.#collectForeground(owner, owned, object));
    // The last one that goes lets go of its owner; one that comes after its owner has gone goes, too.
    const ref = object.metadata.ownerReferences?.[0];
    if (plural !== owned.plural || !ref) return;
    const current = () => this.#server.get(owner, { namespace: object.metadata.namespace, name: ref.name });
    if (type === "DELETED") {
      const found = current();
      if (found?.metadata.uid === ref.uid && waitsForOwned(found))
        this.#soon(() => this.#collectForeground(owner, owned, found));
    }
    if (type === "ADDED")
      this.#soon(() => {
        if (current()?.metadata.uid !== ref.uid) this.#collect(owned, ref.uid);
      });
  }

  #collect(owned: Resource, ownerUid: string, propagationPolicy?: "Foreground"): void {
    for (const { metadata } of this.#ownedBy(owned, ownerUid))
      if (!metadata.deletionTimestamp)
        this.#server.delete(owned, metadata, { by: BY, ...(propagationPolicy && { propagationPolicy }) });
  }

  #collectForeground(owner: Resource, owned: Resource, { metadata }: KubeObject) {
    const current = this.#server.get(owner, metadata);
    if (current?.metadata.uid !== metadata.uid || !waitsForOwned(current)) return;
    if (this.#ownedBy(owned, metadata.uid).length > 0)
      return this.#collect(owned, metadata.uid, owned === JOBS ? "Foreground" : undefined);
    this.#server.change(owner, metadata, BY, (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        finalizers: (object.metadata.finalizers ?? []).filter((name) => name !== FOREGROUND),
      },
    }));
  }

  #ownedBy(owned: Resource, uid: string): KubeObject[] {
    return this.#server.list(owned).filter((object) => object.metadata.ownerReferences?.[0]?.uid === uid);
  }

  #soon(work: () => void): void {
    this.#time.after(this.#random.skewed(1, 2000), work);
  }
}

const waitsForOwned = ({ metadata }: KubeObject): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FOREGROUND);
