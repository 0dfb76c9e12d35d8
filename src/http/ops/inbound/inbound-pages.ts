import type { Request, Response, Router } from 'express';
import type { Knex } from 'knex';
import type { z } from 'zod';
import { findRefusedCalls, listRefusedLately } from '../../../db/refused-calls.ts';
import { listStatusCalls, readStatusCall, statusCallResults } from '../../../db/reports/status-calls.ts';
import { findConversionStatus } from '../../../db/statuses/kept-calls.ts';
import type { RefusalReason } from '../../../domain/origin-proofs.ts';
import { AppError } from '../../../errors.ts';
import type { StatusIntake } from '../../../intake/status.ts';
import { viewStatusCall } from '../../../stories/status-call-view.ts';
import { leadBack } from '../../console/console-pages.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { noSuchCall, readCallId } from '../../fields/read-call-id.ts';
import { BAD_TOKEN, statusCallListSchema } from '../../fields/status-call-schemas.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { mayOf } from '../ops-page.ts';
import { sendCall } from './call-page.ts';
import { sendInboundList, sendLateList } from './inbound-list-page.ts';

export type InboundDeps = { db: Knex; statuses: Pick<StatusIntake, 'acceptLate' | 'rejudge'> };

const LIST_PAGE = 50;
const filtersSchema = statusCallListSchema.omit({ limit: true });
type Filters = z.output<typeof filtersSchema>;
const RESULTS = [
  { value: '', label: 'anything' },
  ...[...statusCallResults, BAD_TOKEN].map((value) => ({ value, label: value.replaceAll('_', ' ') })),
];

const LACKING: Record<RefusalReason, string> = {
  token: 'with a wrong token, or none',
  signature: 'with a wrong signature, or none',
  address: 'from an address that was not agreed',
  too_many: 'unread, after too many with a wrong token',
};

/** The inbound log, a call's page, and the calls that came late. */
export function addInboundPages(routes: Router, { db, statuses }: InboundDeps): void {
  routes.get('/inbound', async (req, res) => {
    const { list, ...page } = await readList(req, res);
    const { given, errors, isFiltered } = list;
    const refused = await readRefused(list.filters);
    sendInboundList(
      res,
      { title: 'Inbound log' },
      { given, errors, isFiltered, ...page, refused, lacking: LACKING, results: RESULTS },
    );
  });

  routes.get('/late', async (req, res) => {
    sendLateList(res, { title: 'Late statuses' }, await readList(req, res, 'window_closed'));
  });

  routes.get('/inbound/:id', async (req, res) => {
    await show(res, readCallId(req.params.id), undefined);
  });

  routes.post('/inbound/:id/accept', needs('operate'), async (req, res) => {
    await repair(req, res, async (callId) => {
      const { conversionId, status, result } = await statuses.acceptLate(callId, actorOf(res));
      return result === 'recorded'
        ? `Accepted: conversion ${conversionId} is ${status} now.`
        : `Nothing has changed: conversion ${conversionId} was ${status} already.`;
    });
  });

  routes.post('/inbound/:id/rejudge', needs('operate'), async (req, res) => {
    await repair(req, res, async (callId) => {
      const { conversionId, status, result } = await statuses.rejudge(callId, actorOf(res));
      return result === 'recorded'
        ? `Judged again: conversion ${conversionId} is ${status} now.`
        : `Judged again: ${result.replaceAll('_', ' ')}. What is below says why.`;
    });
  });

  /** What has no place in the log, on its first page. */
  async function readRefused({ advertiser_id: advertiserId, cursor, result, from, to }: Filters) {
    if (cursor !== undefined) return { lately: [], byHour: [] };
    if (result === BAD_TOKEN) {
      return { lately: [], byHour: await findRefusedCalls(db, { advertiserId, from, to, limit: LIST_PAGE }) };
    }
    if (advertiserId === undefined) return { lately: await listRefusedLately(db, { hours: 24, limit: 3 }), byHour: [] };
    return { lately: [], byHour: await findRefusedCalls(db, { advertiserId, limit: 24 }) };
  }

  async function readList(req: Request, res: Response, result?: 'window_closed') {
    const list = readListFilters(req, filtersSchema, visitOf(res).timeZone);
    const asked = { ...list.filters, ...(result && { result }) };
    const { rows, next } =
      asked.result === BAD_TOKEN
        ? { rows: [], next: null }
        : await listStatusCalls(db, { ...asked, result: asked.result, limit: LIST_PAGE });
    return {
      list,
      rows: rows.map(viewStatusCall),
      ...placesOf(list, next),
    };
  }

  /** Does what a form asks for; what cannot be done is said on the call's page. */
  async function repair(
    req: Request<{ id: string }>,
    res: Response,
    work: (callId: number) => Promise<string>,
  ): Promise<void> {
    const callId = readCallId(req.params.id);
    try {
      leadBack(res, `/ops/inbound/${callId}`, await work(callId));
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'conflict') throw error;
      await show(res, callId, error.message);
    }
  }

  async function show(res: Response, callId: number, refusal: string | undefined): Promise<void> {
    const found = await readStatusCall(db, callId);
    if (!found) throw noSuchCall(callId);
    const call = viewStatusCall(found);
    const current = await findConversionStatus(db, found);
    const data = { call, raw: JSON.stringify(call.raw, null, 2), current, mayOperate: mayOf(res).operate, refusal };
    sendCall(res, { title: `Status call ${callId}`, status: refusal === undefined ? 200 : 409 }, data);
  }
}
