import type { Router } from 'express';
import type { Knex } from 'knex';
import { listStatusCalls } from '../../../db/reports/status-calls.ts';
import { AppError } from '../../../errors.ts';
import type { StatusIntake } from '../../../intake/status.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf } from '../../protocol/actor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { callIdSchema, statusCallPageSchema } from './status-call-schemas.ts';

export type StatusCallDeps = { db: Knex; statuses: Pick<StatusIntake, 'acceptLate'> };

/** The advertisers' status calls as they were kept; one that came after the window can be accepted late (R9). */
export function addStatusCallRoutes(routes: Router, { db, statuses }: StatusCallDeps): void {
  routes.get('/status-calls', async (req, res) => {
    const page = readWith(statusCallPageSchema, req.query);
    const calls = await listStatusCalls(db, page);
    const last = calls.length < page.limit ? undefined : calls.at(-1);
    res.json({ status_calls: calls, next: last?.call_id ?? null });
  });
  routes.post('/status-calls/:id/accept', async (req, res) => {
    const callId = callIdSchema.safeParse(req.params.id);
    if (!callId.success) throw new AppError('unknown', `There is no status call ${req.params.id}.`);
    const { conversionId, status, result } = await statuses.acceptLate(callId.data, actorOf(res));
    res.json({ call_id: callId.data, conversion_id: conversionId, status, result });
  });
  routes.all('/status-calls', allowOnly('GET', 'HEAD'));
  routes.all('/status-calls/:id/accept', allowOnly('POST'));
}
