import type { Router } from 'express';
import type { Knex } from 'knex';
import { listPartnerPostbacks, readPartnerPostback } from '../../../db/reports/partner-postbacks.ts';
import { viewListedPostback, viewPartnerPostback } from '../../../stories/partner-postback.ts';
import { readWith } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { notYours } from '../not-yours.ts';
import { sendList } from '../../fields/lists.ts';
import { postbackColumns } from './postback-csv.ts';
import { postbackListSchema } from './postback-schemas.ts';

/** The delivery log. */
export function addPostbackRoutes(routes: Router, db: Knex): void {
  routes.get('/postbacks', async (req, res) => {
    const { limit, cursor, ...filters } = readWith(postbackListSchema, req.query);
    const partnerId = partnerOf(res);
    await sendList(req, res, {
      query: { limit, cursor },
      read: (page) => listPartnerPostbacks(db, { ...filters, ...page, partnerId }),
      view: viewListedPostback,
      csv: { name: 'postbacks', columns: postbackColumns },
    });
  });
  routes.get('/postbacks/:id', async (req, res) => {
    const { id: postbackId } = req.params;
    const facts = await readPartnerPostback(db, { partnerId: partnerOf(res), postbackId });
    if (!facts) throw notYours('postback', postbackId);
    res.json(viewPartnerPostback(facts));
  });
  routes.all(['/postbacks', '/postbacks/:id'], allowOnly('GET', 'HEAD'));
}
