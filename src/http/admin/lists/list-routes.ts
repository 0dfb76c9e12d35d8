import type { Router } from 'express';
import type { Knex } from 'knex';
import { listConversions } from '../../../db/reports/conversion-list.ts';
import { listLeads } from '../../../db/reports/lead-list.ts';
import type { Page } from '../../../db/reports/pages.ts';
import { listPostbacks } from '../../../db/reports/postback-list.ts';
import { readWith } from '../../fields/read-with.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { conversionListSchema, leadListSchema, postbackListSchema } from '../../fields/fact-list-schemas.ts';

/** Finding leads, conversions and postbacks of which no id is known. */
export function addListRoutes(routes: Router, db: Knex, { windowMs }: { windowMs: number }): void {
  routes.get('/leads', async (req, res) => {
    res.json(viewPage(await listLeads(db, readWith(leadListSchema, req.query), windowMs)));
  });
  routes.get('/conversions', async (req, res) => {
    res.json(viewPage(await listConversions(db, readWith(conversionListSchema, req.query))));
  });
  routes.get('/postbacks', async (req, res) => {
    res.json(viewPage(await listPostbacks(db, readWith(postbackListSchema, req.query))));
  });
  routes.all(['/leads', '/conversions', '/postbacks'], allowOnly('GET', 'HEAD'));
}

function viewPage<Row>({ rows, next }: Page<Row>) {
  return { items: rows, next_cursor: next === null ? null : writeCursor(next) };
}
