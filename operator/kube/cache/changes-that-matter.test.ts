import { describe, expect, test } from "vitest";
import type { Job, Pod } from "../api/resources.ts";
import { jobMatters, podMatters } from "./changes-that-matter.ts";

const metadata = { name: "a", uid: "u", resourceVersion: "1" };
const job = (...conditions: string[]): Job => ({
  metadata,
  status: {
    conditions: conditions.map((type) => ({ type, status: "True" })) as NonNullable<
      Job["status"]
    >["conditions"] & {},
  },
});
const deletingJob: Job = { metadata: { ...metadata, deletionTimestamp: "2026-01-01T12:00:00Z" } };
const pod = (phase: string, waiting?: string): Pod => ({
  metadata,
  status: { phase, ...(phase === "Scheduled" ? {} : { containerStatuses: [container(phase, waiting)] }) },
});
const container = (phase: string, message?: string) => ({
  ...{ name: "worker", image: "i", imageID: "", ready: false, restartCount: 0 },
  state: {
    ...(phase === "Running" && { running: {} }),
    ...(phase === "Succeeded" && { terminated: { exitCode: 0 } }),
    ...(message && { waiting: { reason: "ImagePullBackOff", message } }),
  },
});

describe("of a Job", () => {
  test.each([
    { name: "the answer to our own write is no news", object: job(), matters: false },
    {
      name: "that answer tells that it has ended: nothing else will",
      object: job("Complete"),
      matters: true,
    },
  ])("$name", ({ object, matters }) =>
    expect(jobMatters({ type: "added", object, own: true })).toBe(matters),
  );

  test.each([
    { name: "that it runs changes nothing", previous: job(), object: job(), matters: false },
    {
      name: "that it will be complete once its pods have ended changes nothing yet",
      previous: job(),
      object: job("SuccessCriteriaMet"),
      matters: false,
    },
    {
      name: "that it is complete matters",
      previous: job("SuccessCriteriaMet"),
      object: job("SuccessCriteriaMet", "Complete"),
      matters: true,
    },
    { name: "that it failed matters", previous: job("FailureTarget"), object: job("Failed"), matters: true },
    { name: "that it is being deleted matters", previous: job(), object: deletingJob, matters: true },
  ])("$name", ({ previous, object, matters }) =>
    expect(jobMatters({ type: "updated", previous, object, own: false })).toBe(matters),
  );

  test("what we wrote ourselves is known", () =>
    expect(jobMatters({ type: "added", object: job(), own: true })).toBe(false));
});

describe("of a pod", () => {
  const running = pod("Running");
  const ended = pod("Succeeded");
  const scheduled = (status: string) => ({
    ...{ metadata, status: { phase: "Pending", conditions: [{ type: "PodScheduled", status }] } },
  });
  test.each([
    {
      name: "that it runs is its Job's business",
      from: pod("Scheduled"),
      to: running,
      of: job(),
      matters: false,
    },
    {
      name: "that it gets a node, and with it its first condition, is so, too",
      from: { metadata, status: { phase: "Pending" } },
      to: scheduled("True"),
      of: job(),
      matters: false,
    },
    {
      name: "that it gets one after all matters, for which others may wait",
      from: scheduled("False"),
      to: scheduled("True"),
      of: job(),
      matters: true,
    },
    { name: "its end is, too, while its Job goes on", from: running, to: ended, of: job(), matters: false },
    {
      name: "its end matters when its Job ended before",
      from: running,
      to: ended,
      of: job("Complete"),
      matters: true,
    },
    {
      name: "its end matters when its Job is being deleted",
      from: running,
      to: ended,
      of: deletingJob,
      matters: true,
    },
    { name: "its end matters when its Job is gone", from: running, to: ended, of: null, matters: true },
    {
      name: "why it does not begin matters",
      from: pod("Pending"),
      to: pod("Pending", "no such image"),
      of: job(),
      matters: true,
    },
  ])("$name", ({ from, to, of, matters }) =>
    expect(podMatters({ type: "updated", previous: from, object: to, own: false }, of)).toBe(matters),
  );

  test("that one is first seen when it has ended matters, once its Job has", () => {
    expect(podMatters({ type: "added", object: ended, own: false }, job("Failed"))).toBe(true);
    expect(podMatters({ type: "added", object: ended, own: false }, job())).toBe(false);
  });

  test("that it is gone matters: it holds its unit until then", () =>
    expect(podMatters({ type: "deleted", object: running, own: false }, job())).toBe(true));
});
