// What the exports of an advertiser have said of its conversions.
import type { Reading, Said, SaidRow } from '../../domain/pulls/said-before.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';

const READ = `
  select conversion_id as "conversionId", import_id as "importId", said, said_before as "saidBefore"
  from pulled_conversions where advertiser_id = :advertiserId and conversion_id = any (:conversionIds::text[])`;

/** By the ids of conversions; those that no file has named are missing. */
export async function readSaid(
  trx: Asks,
  asked: { advertiserId: string; conversionIds: string[] },
): Promise<Map<string, Said>> {
  type Row = { conversionId: string; importId: string; said: string[]; saidBefore: string[] };
  const { rows } = await trx.raw<{ rows: Row[] }>(READ, asked).options(prepared('read-said'));
  return new Map(
    rows.map(({ conversionId, importId, said, saidBefore }) => [
      conversionId,
      { importId, said: fromTexts(said), saidBefore: fromTexts(saidBefore) },
    ]),
  );
}

// Behind the mark of a row stands one letter for its reading; marks of earlier versions, which are longer, have none.
const LETTERS: Readonly<Record<Reading, string>> = {
  pending: 'p',
  approved: 'a',
  rejected: 'r',
  ignored: 'i',
  unknown_word: 'u',
};
const READINGS = new Map(Object.entries(LETTERS).map(([reading, letter]) => [letter, reading as Reading]));

function toTexts(rows: readonly SaidRow[]): string[] {
  return rows.flatMap(({ mark, readAs }) => (readAs === null ? [mark] : [mark, LETTERS[readAs]]));
}

function fromTexts(texts: readonly string[]): SaidRow[] {
  return texts.flatMap((mark, index) =>
    READINGS.has(mark) ? [] : [{ mark, readAs: READINGS.get(texts[index + 1] ?? '') ?? null }],
  );
}

const WRITE = `
  insert into pulled_conversions (advertiser_id, conversion_id, import_id, said, said_before)
  select :advertiserId, v.conversion_id, v.import_id, v.said, v.said_before
  from json_to_recordset(:values::json) as v (conversion_id text, import_id text, said text[], said_before text[])
  order by v.conversion_id
  on conflict (advertiser_id, conversion_id) do update set import_id = excluded.import_id, said = excluded.said,
    said_before = excluded.said_before, used_on = current_date`;

export async function writeSaid(
  trx: Asks,
  { advertiserId, said }: { advertiserId: string; said: ReadonlyMap<string, Said> },
): Promise<void> {
  if (said.size === 0) return;
  const values = [...said].map(([conversionId, each]) => ({
    conversion_id: conversionId,
    import_id: each.importId,
    said: toTexts(each.said),
    said_before: toTexts(each.saidBefore),
  }));
  await trx.raw(WRITE, { advertiserId, values: JSON.stringify(values) }).options(prepared('write-said'));
}

/** Which of these an advertiser has got from us. */
export async function findOwnConversions(
  trx: Asks,
  asked: { advertiserId: string; conversionIds: string[] },
): Promise<ReadonlySet<string>> {
  const { rows } = await trx
    .raw<{ rows: { conversionId: string }[] }>(
      `select conversion_id as "conversionId" from conversions
       where conversion_id = any (:conversionIds::text[]) and advertiser_id = :advertiserId`,
      asked,
    )
    .options(prepared('find-own-conversions'));
  return new Set(rows.map(({ conversionId }) => conversionId));
}

const FIND_DECIDED = `
  select distinct s.conversion_id as "conversionId"
  from imports i
  join status_calls s on s.conversion_id = any (:conversionIds::text[]) and s.advertiser_id = i.advertiser_id
  where i.import_id = :importId and s.at > i.created_at and s.import_id is distinct from i.import_id
    and s.status <> 'pending' and (s.seq is not null or s.result = 'duplicate')`;

/** Which of these conversions were decided by another way since the file of an import was fetched. */
export async function findDecidedSince(
  trx: Asks,
  { conversionIds, ...asked }: { importId: string; conversionIds: string[] },
): Promise<ReadonlySet<string>> {
  if (conversionIds.length === 0) return new Set();
  const { rows } = await trx
    .raw<{ rows: { conversionId: string }[] }>(FIND_DECIDED, { ...asked, conversionIds })
    .options(prepared('find-decided-since'));
  return new Set(rows.map(({ conversionId }) => conversionId));
}

const FIND_DECIDED_BY_PULLS = `
  select "conversionId" from (
    select distinct on (s.conversion_id) s.conversion_id as "conversionId", i.source
    from status_calls s left join imports i on i.import_id = s.import_id
    where s.conversion_id = any (:conversionIds::text[]) and s.advertiser_id = :advertiserId
      and s.status <> 'pending' and (s.seq is not null or s.result = 'duplicate')
    order by s.conversion_id, s.call_id desc
  ) latest where source = 'pull'`;

/** Of which of these conversions the export was the latest to decide, or to say the decision once more. */
export async function findDecidedByPulls(
  trx: Asks,
  { conversionIds, ...asked }: { advertiserId: string; conversionIds: string[] },
): Promise<ReadonlySet<string>> {
  if (conversionIds.length === 0) return new Set();
  const { rows } = await trx
    .raw<{ rows: { conversionId: string }[] }>(FIND_DECIDED_BY_PULLS, { ...asked, conversionIds })
    .options(prepared('find-decided-by-pulls'));
  return new Set(rows.map(({ conversionId }) => conversionId));
}
