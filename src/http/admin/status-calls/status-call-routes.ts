import type { Router } from 'express';
import type { Knex } from 'knex';
import { findRefusedCalls } from '../../../db/refused-calls.ts';
import { listStatusCalls, readStatusCall, type StatusCallQuery } from '../../../db/reports/status-calls.ts';
import type { StatusIntake } from '../../../intake/status.ts';
import { viewStatusCall } from '../../../stories/status-call-view.ts';
import { noSuchCall, readCallId } from '../../fields/read-call-id.ts';
import { readWith, refuseFields } from '../../fields/read-with.ts';
import { actorOf } from '../../protocol/actor.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { BAD_TOKEN, statusByOpsSchema, statusCallListSchema } from '../../fields/status-call-schemas.ts';

export type StatusCallDeps = {
  db: Knex;
  statuses: Pick<StatusIntake, 'acceptLate' | 'rejudge' | 'applyKept' | 'recordByOps'>;
};

type RefusedQuery = Pick<StatusCallQuery, 'advertiser_id' | 'conversion_id' | 'from' | 'to' | 'limit'>;

/** The inbound log: every status call as it was kept, what became of it, and putting it right. */
export function addStatusCallRoutes(routes: Router, { db, statuses }: StatusCallDeps): void {
  routes.get('/status-calls', async (req, res) => {
    const { result, ...query } = readWith(statusCallListSchema, req.query);
    if (result === BAD_TOKEN) return void res.json(await readRefused(query));
    const { rows, next } = await listStatusCalls(db, { ...query, result });
    res.json({ items: rows.map(viewStatusCall), next_cursor: next === null ? null : writeCursor(next) });
  });
  routes.get('/status-calls/:id', async (req, res) => {
    const call = await readStatusCall(db, readCallId(req.params.id));
    if (!call) throw noSuchCall(req.params.id);
    res.json(viewStatusCall(call));
  });
  routes.post('/status-calls/:id/accept', async (req, res) => {
    const callId = readCallId(req.params.id);
    const { conversionId, status, result } = await statuses.acceptLate(callId, actorOf(res));
    res.json({ call_id: callId, conversion_id: conversionId, status, result });
  });
  routes.post('/status-calls/:id/rejudge', async (req, res) => {
    const { callId, ...judged } = await statuses.rejudge(readCallId(req.params.id), actorOf(res));
    res.json({ call_id: callId, conversion_id: judged.conversionId, status: judged.status, result: judged.result });
  });
  routes.post('/conversions/:id/status', async (req, res) => {
    const { status, reason, comment = null } = readWith(statusByOpsSchema, req.body);
    const given = { conversionId: req.params.id, status, reason, comment };
    const answer = await statuses.recordByOps(given, actorOf(res));
    res.json({ conversion_id: answer.conversionId, status: answer.status, result: answer.result });
  });
  async function readRefused({ advertiser_id: advertiserId, conversion_id, from, to, limit }: RefusedQuery) {
    if (conversion_id !== undefined) {
      const message = 'is not known of calls with a bad token: they are counted, with a sample of each hour';
      throw refuseFields([{ field: 'conversion_id', message }]);
    }
    return {
      items: [],
      next_cursor: null,
      refused_calls: await findRefusedCalls(db, { advertiserId, from, to, limit }),
    };
  }

  routes.all('/status-calls', allowOnly('GET', 'HEAD'));
  routes.all('/status-calls/:id', allowOnly('GET', 'HEAD'));
  routes.all('/status-calls/:id/accept', allowOnly('POST'));
  routes.all('/status-calls/:id/rejudge', allowOnly('POST'));
  routes.all('/conversions/:id/status', allowOnly('POST'));
}
