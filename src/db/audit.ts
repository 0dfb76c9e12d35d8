// Who changed what. Triggers of the tables note every change (see the migration of admin keys); this says on whose behalf.
import type { Knex } from 'knex';
import { SYSTEM, type AdminRole } from '../domain/admin-role.ts';

/** On whose behalf something is changed, and why if that was said. */
export type Actor = { name: string; role: AdminRole | 'partner'; comment?: string | undefined };

/** Something that was done and is no change of a row that is noted by itself. */
export type Act = {
  /** A verb, such as `accept_late`. */
  action: string;
  subjectType: string;
  subjectId: string;
  before?: object | undefined;
  after?: object | undefined;
  comment?: string | undefined;
};

const SAY_WHO = `select set_config('cashcat.actor', :name, true), set_config('cashcat.role', :role, true),
  set_config('cashcat.comment', :comment, true)`;

const NOTE_ACT = `
  insert into audit_log (actor, role, action, subject_type, subject_id, before, after, comment)
  values (
    coalesce(nullif(current_setting('cashcat.actor', true), ''), '${SYSTEM}'), nullif(current_setting('cashcat.role', true), ''),
    :action, :subjectType, :subjectId, :before::jsonb, :after::jsonb,
    coalesce(:comment::text, nullif(current_setting('cashcat.comment', true), ''))
  )`;

/** A partner that changes its own settings. */
export function partnerActor(partnerId: string): Actor {
  return { name: `partner:${partnerId}`, role: 'partner' };
}

/** Does `work` in a transaction in which every change is noted as the actor's. */
export async function asActor<T>(
  db: Knex,
  { name, role, comment = '' }: Actor,
  work: (trx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  return await db.transaction(async (trx) => {
    await trx.raw(SAY_WHO, { name, role, comment });
    return await work(trx);
  });
}

/** Notes an act of the actor of this transaction. @param trx as `asActor` gives it */
export async function noteAct(trx: Knex, { before, after, comment, ...act }: Act): Promise<void> {
  await trx.raw(NOTE_ACT, { ...act, before: toJson(before), after: toJson(after), comment: comment ?? null });
}

function toJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
