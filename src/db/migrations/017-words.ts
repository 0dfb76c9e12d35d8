import type { Migration } from './migration.ts';

const UP = `
  -- How an advertiser speaks: its words, and its names of our parameters; null is plain.
  alter table advertisers add column vocabulary jsonb;

  alter table status_calls
    -- As it is compared, trimmed and in lower case; null when the call had none.
    add column word text,
    -- What it was taken for; null where that was no status.
    add column status text,
    -- When it was judged once more, because what it was refused for had been repaired.
    add column rejudged_at timestamptz;

  update status_calls set result = 'unknown_conversion' where result = 'unknown';
  update status_calls set result = 'unknown_word',
      word = lower(trim(coalesce(nullif(raw->'body'->>'status', ''), raw->'query'->>'status')))
    where result = 'unknown_status';

  -- The order of call_id is that of time to within seconds, so no list needs an index of the time. What is recorded at
  -- once, which is nearly all, pays for one index more, that of its advertiser.
  drop index status_calls_refused;
  create index status_calls_refused on status_calls (result, call_id) where result <> 'recorded';
  create index status_calls_by_advertiser on status_calls (advertiser_id, call_id);
  create index status_calls_refused_by_advertiser on status_calls (advertiser_id, result, call_id)
    where result <> 'recorded';
  -- The inbox. What is judged leaves it by itself.
  create index status_calls_unknown_words on status_calls (advertiser_id, word collate "C", call_id)
    where result = 'unknown_word';
`;

const DOWN = `
  drop index status_calls_unknown_words, status_calls_refused_by_advertiser, status_calls_by_advertiser,
    status_calls_refused;
  create index status_calls_refused on status_calls (result, call_id) where result not in ('recorded', 'duplicate', 'stale');
  update status_calls set result = 'unknown' where result = 'unknown_conversion';
  update status_calls set result = 'unknown_status' where result = 'unknown_word';
  alter table status_calls drop column rejudged_at, drop column status, drop column word;
  alter table advertisers drop column vocabulary;
`;

export const words: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
