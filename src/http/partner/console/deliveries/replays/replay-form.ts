import { MAX_PER_SECOND, MIN_PER_SECOND } from '../../../../../domain/postbacks/replay.ts';
import { readLocalTime, writeLocalTime } from '../../../../pages/console/local-time.ts';
import type { NewReplayData } from './new-replay-page.ts';

export type ReplayForm = Pick<NewReplayData, 'given' | 'errors' | 'range'> & { ratePerSecond: number | null };

const TIME_RULE = 'Give a date and a time.';
const SECOND_MS = 1000;

/** Reads what a replay is to be, from a form or from a link of ours. */
export function readReplayForm(fields: Record<string, unknown>, timeZone: string): ReplayForm {
  const textOf = (name: string) => (typeof fields[name] === 'string' ? fields[name].trim() : '');
  const from = readLocalTime(textOf('from'), timeZone);
  const to = readLocalTime(textOf('to'), timeZone);
  const rate = readRate(textOf('rate_per_second'));
  return {
    given: {
      // A field of a form has no fractions of seconds: the range grows to whole ones.
      from: from === undefined ? textOf('from') : writeLocalTime(from, timeZone),
      to: to === undefined ? textOf('to') : writeLocalTime(roundUp(to), timeZone),
      include_delivered: textOf('include_delivered') !== '',
      rate_per_second: textOf('rate_per_second'),
    },
    errors: {
      ...(from === undefined && { from: TIME_RULE }),
      ...(to === undefined && { to: TIME_RULE }),
      ...(from !== undefined && to !== undefined && from >= to && { to: 'It must be later than the beginning.' }),
      ...(rate === undefined && {
        rate_per_second: `Give a number from ${MIN_PER_SECOND} to ${MAX_PER_SECOND}, or nothing.`,
      }),
    },
    range: from !== undefined && to !== undefined && from < to ? { from, to } : undefined,
    ratePerSecond: rate ?? null,
  };
}

function roundUp(at: string): string {
  return new Date(Math.ceil(Date.parse(at) / SECOND_MS) * SECOND_MS).toISOString();
}

/** @returns null for none, undefined for what is no rate */
function readRate(text: string): number | null | undefined {
  if (text === '') return null;
  const rate = Number(text);
  return rate >= MIN_PER_SECOND && rate <= MAX_PER_SECOND ? rate : undefined;
}
