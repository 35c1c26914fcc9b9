import { expect, test } from "vitest";
import { ManualClock } from "../testing/manual-clock.ts";
import type { KubeClient } from "./client.ts";
import type { ObjectRef } from "./kube-object.ts";
import { secretReader } from "./secrets.ts";

/** An API server with Secrets by `namespace/name`, each a map of values. */
function reading(secrets: Record<string, Record<string, string>>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const get = async (_: unknown, { namespace, name }: ObjectRef) => {
    asked.push(`${namespace}/${name}`);
    const values = secrets[`${namespace}/${name}`];
    const encode = (value: string) => Buffer.from(value).toString("base64");
    const data = Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key, encode(value)]));
    return values ? { metadata: { namespace, name }, data } : null;
  };
  return { clock, asked, read: secretReader({ get } as unknown as Pick<KubeClient, "get">, clock) };
}

test("what is read at once is read once, and anew after a second: a rotated secret is used", async () => {
  const secrets = { "media/hook": { secret: "old\n" } };
  const { clock, asked, read } = reading(secrets);
  const ref = { name: "hook", key: "secret" };
  expect(await Promise.all([read("media", ref), read("media", ref)])).toEqual(["old", "old"]);
  secrets["media/hook"] = { secret: "new" };
  clock.advance(999);
  expect(await read("media", ref)).toBe("old");
  clock.advance(1);
  expect(await read("media", ref)).toBe("new");
  expect(asked).toHaveLength(2);
});

test("other keys, names and namespaces are others' secrets", async () => {
  const { read } = reading({ "media/hook": { secret: "a", other: "b" }, "shop/hook": { secret: "c" } });
  expect(await read("media", { name: "hook", key: "secret" })).toBe("a");
  expect(await read("media", { name: "hook", key: "other" })).toBe("b");
  expect(await read("shop", { name: "hook", key: "secret" })).toBe("c");
});

test("one that is missing is asked for again at once: it may just have been made", async () => {
  const secrets: Record<string, Record<string, string>> = {};
  const { read } = reading(secrets);
  const ref = { name: "hook", key: "secret" };
  await expect(read("media", ref)).rejects.toThrow("there is no Secret hook in the namespace media");
  secrets["media/hook"] = { wrong: "x" };
  await expect(read("media", ref)).rejects.toThrow("the Secret media/hook has no key secret");
  secrets["media/hook"] = { secret: "x" };
  expect(await read("media", ref)).toBe("x");
});
