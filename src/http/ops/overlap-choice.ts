import { textIn } from '../console/form.ts';
import type { Question } from './confirm-page.ts';

const FIELD = 'keep_old_for_seconds';
const PERIODS = [
  { value: '0', label: 'Not at all: it ends at once' },
  { value: '3600', label: 'One hour' },
  { value: '86400', label: 'One day' },
  { value: '604800', label: 'One week' },
];

/** For how long what is replaced goes on beside what replaces it. @param old what it is, such as `key` */
export function overlapChoice(old: string): NonNullable<Question['choice']> {
  return { name: FIELD, label: `How long shall the old ${old} go on?`, value: '0', options: PERIODS };
}

/** What was chosen, in seconds; 0 where it is none of the choices. */
export function keepOldFor(body: unknown): number {
  const asked = textIn(body, FIELD);
  return Number(PERIODS.find(({ value }) => value === asked)?.value ?? 0);
}
