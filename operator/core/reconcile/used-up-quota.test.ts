import { expect, test } from "vitest";
import { isQuotaOfDevices, isUsedUpQuota } from "./used-up-quota.ts";

// What the API server says, in the words of the Job controller that asks it.
const said = (requested: string, used: string, limited: string) =>
  `Error creating: pods "holiday-image-0-a1-x7f2q" is forbidden: exceeded quota: team.quota, requested: ${requested}, used: ${used}, limited: ${limited}`;

test.each([
  { name: "as many pods as it allows", message: said("pods=1", "pods=4", "pods=4"), expected: true },
  {
    name: "two resources of other units",
    message: said(
      "pods=1,requests.memory=1207959552",
      "pods=2,requests.memory=1536Mi",
      "pods=2,requests.memory=2Gi",
    ),
    expected: true,
  },
  {
    name: "no room beside others, as one of many such Events says",
    message: `(combined from similar events): ${said("requests.cpu=1500m", "requests.cpu=1", "requests.cpu=2")}`,
    expected: true,
  },
  {
    name: "an accelerator that others have",
    message: said("requests.nvidia.com/gpu=1", "requests.nvidia.com/gpu=1", "requests.nvidia.com/gpu=1"),
    expected: true,
  },
  {
    name: "less than it asks for, whoever has ended",
    message: said("requests.memory=2Gi", "requests.memory=0", "requests.memory=1500Mi"),
    expected: false,
  },
  {
    name: "less of one of two resources",
    message: said("pods=1,requests.cpu=2", "pods=4,requests.cpu=500m", "pods=4,requests.cpu=1500m"),
    expected: false,
  },
  {
    name: "what is not understood",
    message: said("pods=one", "pods=four", "pods=four"),
    expected: false,
  },
  {
    name: "only pods that say what they ask for",
    message:
      'Error creating: pods "x" is forbidden: failed quota: little: must specify limits.cpu for: worker',
    expected: false,
  },
  {
    name: "nothing, since it is not counted yet",
    message: 'Error creating: pods "x" is forbidden: status unknown for quota: little, resources: pods',
    expected: false,
  },
])("a quota that allows $name: has it room later? $expected", ({ message, expected }) => {
  expect(isUsedUpQuota(message)).toBe(expected);
});

test.each([
  { requested: "requests.nvidia.com/gpu=1", expected: true },
  { requested: "pods=1,requests.amd.com/gpu=2", expected: true },
  { requested: "pods=1,requests.cpu=2,count/jobs.batch=1", expected: false },
])("a quota without room for $requested is one of devices: $expected", ({ requested, expected }) => {
  expect(isQuotaOfDevices(said(requested, requested, requested))).toBe(expected);
});
