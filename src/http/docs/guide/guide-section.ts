import { compilePart } from '../../pages/templates.ts';

/** What the guide tells that depends on where and how this service runs. */
export type GuideFacts = {
  publicUrl: string;
  rules: DeliveryRules;
  files: FileLimits;
};

/** The numbers of the rules, as this service is configured. Times in milliseconds. */
export type DeliveryRules = { windowMs: number; attempts: number; intervalMs: number; timeoutMs: number };

/** How large a file of statuses may be. */
export type FileLimits = { maxRows: number; maxMegabytes: number };

/** What the templates of sections read as `it`: the numbers as people say them. */
export type GuideWords = {
  publicUrl: string;
  window: string;
  attempts: number;
  interval: string;
  timeout: string;
  maxRows: string;
  maxMegabytes: number;
};

/** A section of the guide; others link to it by its id. */
export type GuideSection = { id: string; title: string; render: (words: GuideWords) => string };

/** The id of a section is its address, which the console and partners link to: it never changes. */
export function defineSection(id: string, title: string, template: string): GuideSection {
  return { id, title, render: compilePart<GuideWords>(template) };
}
