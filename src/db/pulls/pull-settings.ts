// Where an advertiser's export is fetched from, and how often. Temporal's Schedule follows what stands here.
import type { Knex } from 'knex';
import type { ColumnMapping } from '../../domain/imports/columns.ts';
import type { PullFormat, PullState } from '../../domain/pulls/pull.ts';

/** As ops read it; of the headers only the names. Times are ISO 8601. */
export type PullSettings = {
  advertiser_id: string;
  url: string;
  format: PullFormat;
  header_names: string[];
  mapping: ColumnMapping;
  every_minutes: number;
  notify: boolean;
  state: PullState;
  created_at: string;
  updated_at: string;
};

export type NewPullSettings = {
  advertiserId: string;
  url: string;
  format: PullFormat;
  headerNames: string[];
  /** The values, sealed; null when there are none. */
  sealedHeaders: string | null;
  mapping: ColumnMapping;
  everyMinutes: number;
  notify: boolean;
  state: PullState;
};

export const SETTINGS_COLUMNS = [
  ...['advertiser_id', 'url', 'format', 'header_names', 'mapping', 'every_minutes', 'notify', 'state'],
  ...['created_at', 'updated_at'],
];

// Read back by JavaScript, which knows no microseconds.
const NOW = `date_trunc('milliseconds', clock_timestamp())`;

const SAVE = `
  insert into pull_settings as p (advertiser_id, url, format, header_names, headers_secret, mapping, every_minutes, notify,
    state, revised_at)
  values (:advertiserId, :url, :format, :headerNames::text[], :sealedHeaders, :mapping::jsonb, :everyMinutes, :notify,
    :state, ${NOW})
  on conflict (advertiser_id) do update set url = excluded.url, format = excluded.format,
    header_names = excluded.header_names, headers_secret = excluded.headers_secret, mapping = excluded.mapping,
    every_minutes = excluded.every_minutes, notify = excluded.notify, state = excluded.state, updated_at = now(),
    revised_at = case when :isRevised then ${NOW} else p.revised_at end
  returning ${SETTINGS_COLUMNS.map((column) => `p.${column}`).join(', ')}`;

/**
 * Saves all settings of an advertiser's pull, and has Temporal hear of them.
 * @param isRevised what is fetched is not what was: nothing that was remembered of the export holds any more
 */
export async function savePullSettings(
  trx: Knex,
  { isRevised, ...settings }: NewPullSettings & { isRevised: boolean },
): Promise<PullSettings> {
  const values = { ...settings, mapping: JSON.stringify(settings.mapping), isRevised };
  const { rows } = await trx.raw<{ rows: [PullSettings] }>(SAVE, values);
  await haveTold(trx, settings.advertiserId);
  return rows[0];
}

/** @returns undefined when nothing is pulled from this advertiser */
export async function readPullSettings(db: Knex, advertiserId: string): Promise<PullSettings | undefined> {
  return await db('pull_settings')
    .where({ advertiser_id: advertiserId })
    .first<PullSettings | undefined>(SETTINGS_COLUMNS);
}

/** The same, locked for the rest of the transaction, with the sealed headers. */
export async function lockPullSettings(
  trx: Knex,
  advertiserId: string,
): Promise<(PullSettings & { headers_secret: string | null }) | undefined> {
  return await trx('pull_settings')
    .where({ advertiser_id: advertiserId })
    .forUpdate()
    .first<(PullSettings & { headers_secret: string | null }) | undefined>([...SETTINGS_COLUMNS, 'headers_secret']);
}

/** @returns undefined when nothing is pulled from this advertiser */
export async function setPullState(
  trx: Knex,
  { advertiserId, state }: { advertiserId: string; state: PullState },
): Promise<PullSettings | undefined> {
  const [settings] = await trx('pull_settings')
    .where({ advertiser_id: advertiserId })
    .update({ state, updated_at: trx.fn.now() })
    .returning<PullSettings[]>(SETTINGS_COLUMNS);
  if (settings) await haveTold(trx, advertiserId);
  return settings;
}

/** What is fetched is read otherwise from now on, so nothing that was remembered of the export holds any more. */
export async function revisePull(trx: Knex, advertiserId: string): Promise<void> {
  await trx('pull_settings')
    .where({ advertiser_id: advertiserId })
    .update({ revised_at: trx.raw(NOW) });
}

/** What was pulled stays. @returns false when nothing was pulled from this advertiser */
export async function deletePullSettings(trx: Knex, advertiserId: string): Promise<boolean> {
  const deleted = await trx('pull_settings').where({ advertiser_id: advertiserId }).delete();
  if (deleted === 0) return false;
  await haveTold(trx, advertiserId);
  await trx('pull_standings').where({ advertiser_id: advertiserId }).update({ failing_since: null, failures: 0 });
  return true;
}

/** Asks for a pull at once; one that is under way is not followed by another. */
export async function askForPull(trx: Knex, advertiserId: string): Promise<void> {
  await haveTold(trx, advertiserId);
  await trx('pull_standings').where({ advertiser_id: advertiserId }).update({ run_asked_at: trx.fn.now() });
}

async function haveTold(trx: Knex, advertiserId: string): Promise<void> {
  await trx.raw(
    `insert into pull_standings (advertiser_id, tell_at) values (:advertiserId, now())
     on conflict (advertiser_id) do update set tell_at = now()`,
    { advertiserId },
  );
}
