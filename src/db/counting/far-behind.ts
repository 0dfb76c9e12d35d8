import type { Knex } from 'knex';
import { AppError } from '../../errors.ts';

const HOUR_MS = 60 * 60 * 1000;
/** So many events that nobody has counted are read for one answer, whoever's they are. */
export const MOST_UNCOUNTED = 100_000;

/**
 * What is not counted yet is read event by event, those of everybody: that is cheap as long as counting keeps up. When it is
 * far behind, as after an upgrade, whoever asks must wait rather than read it all.
 * @param span ISO 8601
 * @throws AppError `unavailable`
 */
export async function refuseWhenFarBehind(db: Knex, span: { start: string; end: string }): Promise<void> {
  if (!(await isFarBehind(db, span))) return;
  throw new AppError('unavailable', 'What happened lately is still being counted; try again in some minutes.');
}

/** More happened in this span than anybody reads for one answer. @param span ISO 8601 */
export async function isFarBehind(db: Knex, { start, end }: { start: string; end: string }): Promise<boolean> {
  if (Math.min(Date.parse(end), Date.now()) - Date.parse(start) <= HOUR_MS) return false;
  const { rows } = await db.raw<{ rows: object[] }>(
    'select from lead_events where at >= :start and at < :end offset :most limit 1',
    { start, end, most: MOST_UNCOUNTED },
  );
  return rows.length > 0;
}
