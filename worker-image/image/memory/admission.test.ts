import { expect, test } from "vitest";
import { Admission } from "./admission.ts";

/** Work that ends when it is told to. */
function held() {
  let end = () => {};
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { work: () => done, end };
}
const settled = () => new Promise(setImmediate);

test("the sum of what runs stays within the budget, in the order of asking", async () => {
  const admission = new Admission({ budgetBytes: 100, inFlightMax: 9 });
  const started: string[] = [];
  const [a, b, c] = [held(), held(), held()];
  const run = (name: string, bytes: number, { work }: ReturnType<typeof held>) =>
    admission.run(bytes, () => {
      started.push(name);
      return work();
    });
  const all = [run("a", 60, a), run("b", 60, b), run("c", 10, c)];
  await settled();
  expect(started, "c would fit, but a large one is not passed by").toEqual(["a"]);
  a.end();
  await settled();
  expect(started).toEqual(["a", "b", "c"]);
  b.end();
  c.end();
  await Promise.all(all);
});

test("no more run at once than may", async () => {
  const admission = new Admission({ budgetBytes: 100, inFlightMax: 2 });
  let running = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 10 }, () =>
      admission.run(1, async () => {
        running += 1;
        most = Math.max(most, running);
        await settled();
        running -= 1;
      }),
    ),
  );
  expect(most).toBe(2);
});

test("what fails gives its memory back, and what needs more than all runs alone", async () => {
  const admission = new Admission({ budgetBytes: 100, inFlightMax: 2 });
  await expect(admission.run(100, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  await expect(admission.run(500, async () => "made")).resolves.toBe("made");
});
