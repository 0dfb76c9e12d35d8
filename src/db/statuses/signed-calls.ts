// What was decided by signed calls of the last minutes. A signature is good for some minutes, and who has seen such a call can
// send it again: an old `approved` after a `rejected` would be a correction (R7).
import { isDecision, type StatusReport } from '../../domain/status-report.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';
import { conversionKey, type LockedConversions } from './lock-conversions.ts';

// A signature may be five minutes ahead, and is good for five more; clocks differ. What is sent again after that time is a
// decision that its advertiser has come to anew.
const FIND_SIGNED = `
  select digest from signed_calls where digest = any (:digests::text[]) and seen_at >= now() - interval '15 minutes'`;

// A file is judged by the time at which it began to come, and may take 15 minutes.
const FIND_CALL = `
  select digest from signed_calls where digest = :digest and seen_at >= now() - interval '30 minutes'`;

const IS_FORGOTTEN = `seen_at < now() - interval '30 minutes'`;

// As many rows are dropped as are added, and some more, so that the table stays as small as what comes in that time. A call
// that is sent again may be signed anew, and then its signature is good for as long again.
const REMEMBER_SIGNED = `
  with past as (
    delete from signed_calls where digest in (
      select digest from signed_calls where ${IS_FORGOTTEN} and digest <> all (:digests::text[])
      order by seen_at limit 2 * cardinality(:digests::text[]) for update skip locked
    )
  )
  insert into signed_calls (digest) select distinct digest from unnest(:digests::text[]) as d (digest) order by digest
  on conflict (digest) do update set seen_at = now()`;

// Files stand beside calls, because a file may be sent once more where a call would undo something.
const AS_FILE = 'file ';
const asFile = (digest: string) => AS_FILE + digest;

/**
 * Which of these calls came before, by what they were signed as. Only those are asked about that could undo a decision, so
 * the first status of a conversion costs nothing.
 *
 * @param locked their conversions; two calls on one conversion see each other
 */
export async function findSignedBefore(
  trx: Asks,
  reports: readonly StatusReport[],
  { conversions }: Pick<LockedConversions, 'conversions'>,
): Promise<Set<string>> {
  const digests = reports.flatMap(({ advertiserId, conversionId, meaning, signedAs }) => {
    if (signedAs === undefined || !isDecision(meaning)) return [];
    const status = conversions.get(conversionKey(advertiserId, conversionId ?? ''))?.status ?? 'pending';
    return isDecision(status) ? [signedAs] : [];
  });
  if (digests.length === 0) return new Set();
  const { rows } = await trx
    .raw<{ rows: { digest: string }[] }>(FIND_SIGNED, { digests: digests.flatMap((each) => [each, asFile(each)]) })
    .options(prepared('find-signed'));
  return new Set(rows.map(({ digest }) => digest.slice(digest.startsWith(AS_FILE) ? AS_FILE.length : 0)));
}

/** Whether the body of a file was a status call before, and has decided something. */
export async function wasSignedAsCall(trx: Asks, digest: string): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: object[] }>(FIND_CALL, { digest }).options(prepared('find-signed-call'));
  return rows.length > 0;
}

/** Remembers a file that was taken: a file of one row may be sent again as a status call. */
export async function rememberFileAsSigned(trx: Asks, digest: string): Promise<void> {
  await rememberSigned(trx, [asFile(digest)]);
}

/** Remembers what these calls were signed as, for as long as their signatures are good. */
export async function rememberSigned(trx: Asks, digests: readonly string[]): Promise<void> {
  if (digests.length === 0) return;
  await trx.raw(REMEMBER_SIGNED, { digests: [...digests] }).options(prepared('remember-signed'));
}
