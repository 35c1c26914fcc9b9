import { describe, expect, test } from "vitest";
import type { ConfigMap } from "../api/resources.ts";
import { type ConfigMapFields, configMap } from "../testing/objects.ts";
import { type Change, Store } from "./store.ts";

type Act = (store: Store<ConfigMap, "owner">) => void;
const put =
  (fields: ConfigMapFields): Act =>
  (store) =>
    store.put(configMap(fields));
const remove =
  (fields: ConfigMapFields): Act =>
  (store) =>
    store.remove(configMap(fields));
const observe =
  (fields: ConfigMapFields): Act =>
  (store) =>
    store.observe(configMap(fields));
const gone =
  (fields: ConfigMapFields): Act =>
  (store) =>
    store.observeGone(configMap(fields));
const replace =
  (version: number, ...items: ConfigMapFields[]): Act =>
  (store) =>
    store.replace(items.map(configMap), String(version));
const clear: Act = (store) => store.clear();

describe("changes", () => {
  test.each<{ name: string; acts: Act[]; told: string[]; left: string[] }>([
    {
      name: "an object comes, changes and goes",
      acts: [put({ version: 1 }), put({ version: 2 }), remove({ version: 3 })],
      told: ["added a@1", "updated a@2 from 1", "deleted a@2"],
      left: [],
    },
    {
      name: "an event that comes twice is told once",
      acts: [put({ version: 1 }), put({ version: 1 }), remove({ version: 2 }), remove({ version: 2 })],
      told: ["added a@1", "deleted a@1"],
      left: [],
    },
    {
      name: "an older version never replaces a newer one",
      acts: [put({ version: 10 }), put({ version: 9 })],
      told: ["added a@10"],
      left: ["a@10"],
    },
    {
      name: "our own write is seen at once, and its event later tells nothing new",
      acts: [put({ version: 1 }), observe({ version: 5 }), put({ version: 3 }), put({ version: 5 })],
      told: ["added a@1", "updated a@5 from 1 (own)"],
      left: ["a@5"],
    },
    {
      name: "a late event cannot bring back what was deleted",
      acts: [put({ version: 1 }), remove({ version: 9 }), observe({ version: 5 }), put({ version: 9 })],
      told: ["added a@1", "deleted a@1"],
      left: [],
    },
    {
      name: "what left the selection may come back by a newer version",
      acts: [put({ version: 1 }), remove({ version: 2 }), put({ version: 3 })],
      told: ["added a@1", "deleted a@1", "added a@3"],
      left: ["a@3"],
    },
    {
      name: "a deletion that is older than our own write back into the selection is passed over",
      acts: [put({ version: 1 }), observe({ version: 3 }), remove({ version: 2 })],
      told: ["added a@1", "updated a@3 from 1 (own)"],
      left: ["a@3"],
    },
    {
      name: "what we know to be gone stays gone, whatever version comes late",
      acts: [
        put({ version: 1 }),
        gone({ version: 1 }),
        put({ version: 7 }),
        remove({ version: 8 }),
        put({ version: 9 }),
      ],
      told: ["added a@1", "deleted a@1 (own)"],
      left: [],
    },
    {
      name: "delete and create by the same name is a deletion and an addition, though the deletion was missed",
      acts: [put({ uid: "one", version: 1 }), put({ uid: "two", version: 5 })],
      told: ["added a@1", "deleted a@1", "added a@5"],
      left: ["a@5"],
    },
    {
      name: "late news of a former life leave the present one alone",
      acts: [
        observe({ uid: "two", version: 5 }),
        put({ uid: "one", version: 3 }),
        remove({ uid: "one", version: 4 }),
      ],
      told: ["added a@5 (own)"],
      left: ["a@5"],
    },
    {
      name: "late news of a former life bring nothing back after the present one has ended, too",
      acts: [
        put({ uid: "one", version: 1 }),
        put({ uid: "two", version: 5 }),
        remove({ uid: "two", version: 6 }),
        observe({ uid: "one", version: 3 }),
      ],
      told: ["added a@1", "deleted a@1", "added a@5", "deleted a@5"],
      left: [],
    },
    {
      name: "what a list lacks is deleted",
      acts: [
        put({ name: "a", version: 1 }),
        put({ name: "b", version: 2 }),
        replace(9, { name: "b", version: 2 }),
      ],
      told: ["added a@1", "added b@2", "deleted a@1"],
      left: ["b@2"],
    },
    {
      name: "what vanished with a list cannot be brought back by an older answer",
      acts: [put({ version: 1 }), replace(9), observe({ version: 5 })],
      told: ["added a@1", "deleted a@1"],
      left: [],
    },
    {
      name: "what we wrote after a list was read survives it",
      acts: [observe({ version: 12 }), replace(9)],
      told: ["added a@12 (own)"],
      left: ["a@12"],
    },
    {
      name: "a list read before we deleted an object does not bring it back",
      acts: [put({ version: 1 }), gone({ version: 1 }), replace(9, { version: 1 })],
      told: ["added a@1", "deleted a@1 (own)"],
      left: [],
    },
    {
      name: "a list tells of another life as of a deletion and an addition",
      acts: [put({ uid: "one", version: 1 }), replace(9, { uid: "two", version: 5 })],
      told: ["added a@1", "deleted a@1", "added a@5"],
      left: ["a@5"],
    },
    {
      name: "after it was cleared, older versions are taken and graves forgotten",
      acts: [
        put({ name: "a", version: 50 }),
        put({ name: "b", version: 50 }),
        gone({ name: "b" }),
        clear,
        replace(9, { name: "a", version: 3 }, { name: "b", version: 4 }),
      ],
      told: ["added a@50", "added b@50", "deleted b@50 (own)", "deleted a@50", "added a@3", "added b@4"],
      left: ["a@3", "b@4"],
    },
  ])("$name", ({ acts, told, left }) => {
    const changes: Change<ConfigMap>[] = [];
    const store = newStore();
    store.onChange((change) => changes.push(change));
    for (const act of acts) act(store);
    expect(changes.map(inWords)).toEqual(told);
    expect(store.list().map(brief)).toEqual(left);
  });

  test("a handler that throws keeps neither the others nor the store from the change", () => {
    const errors: unknown[] = [];
    const seen: string[] = [];
    const store = newStore(errors);
    store.onChange(() => {
      throw new Error("handler");
    });
    store.onChange((change) => seen.push(inWords(change)));
    store.put(configMap({ version: 1 }));
    expect(errors).toEqual([new Error("handler")]);
    expect(seen).toEqual(["added a@1"]);
    expect(store.size).toBe(1);
  });

  test("more deletions than are remembered leave nothing behind, and the latest are remembered", () => {
    const store = newStore();
    for (let n = 0; n < 20_000; n += 1) {
      store.put(configMap({ uid: `uid-${n}`, version: 2 * n + 1 }));
      store.remove(configMap({ uid: `uid-${n}`, version: 2 * n + 2 }));
    }
    expect(store.size).toBe(0);
    store.put(configMap({ uid: "uid-19999", version: 1 }));
    expect(store.size).toBe(0);
  });
});

describe("reading", () => {
  test("objects are found by name", () => {
    const store = newStore();
    store.put(configMap({ name: "a" }));
    expect(store.get({ namespace: "default", name: "a" })?.metadata.uid).toBe("uid-a");
    expect(store.get({ namespace: "other", name: "a" })).toBeNull();
  });

  test("an index follows every change", () => {
    const store = newStore();
    const owned = (owner: string) => store.byIndex("owner", owner).map(brief);
    store.put(configMap({ name: "a", version: 1, owner: "x" }));
    store.put(configMap({ name: "b", version: 2, owner: "x" }));
    store.put(configMap({ name: "c", version: 3 }));
    expect(owned("x")).toEqual(["a@1", "b@2"]);
    store.put(configMap({ name: "a", version: 4, owner: "y" }));
    store.remove(configMap({ name: "b", version: 5, owner: "x" }));
    expect(owned("x")).toEqual([]);
    expect(owned("y")).toEqual(["a@4"]);
  });

  test("managedFields are not kept", () => {
    const store = newStore();
    store.put(configMap({ name: "a" }));
    store.observe(configMap({ name: "b" }));
    expect(store.list().map(({ metadata }) => metadata.managedFields)).toEqual([undefined, undefined]);
  });
});

function newStore(errors: unknown[] = []): Store<ConfigMap, "owner"> {
  return new Store<ConfigMap, "owner">({
    indices: { owner: ({ metadata }) => (metadata.ownerReferences ?? []).map(({ uid }) => uid) },
    onHandlerError: (error) => errors.push(error),
  });
}

function brief({ metadata }: ConfigMap): string {
  return `${metadata.name}@${metadata.resourceVersion}`;
}

function inWords(change: Change<ConfigMap>): string {
  const from = change.type === "updated" ? ` from ${change.previous.metadata.resourceVersion}` : "";
  return `${change.type} ${brief(change.object)}${from}${change.own ? " (own)" : ""}`;
}
