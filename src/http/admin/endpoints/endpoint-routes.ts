import type { Router } from 'express';
import type { Knex } from 'knex';
import { listEndpoints, placeOf } from '../../../db/endpoints/endpoints.ts';
import { readWith } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { endpointPageSchema } from './endpoint-schemas.ts';

export type EndpointDeps = {
  db: Knex;
  /** So many failures in a row mean that an endpoint is failing. */
  failingAfter: number;
};

/** How the partners' endpoints answer; only those that something was ever sent to. */
export function addEndpointRoutes(routes: Router, { db, failingAfter }: EndpointDeps): void {
  routes.get('/endpoints', async (req, res) => {
    const page = readWith(endpointPageSchema, req.query);
    const endpoints = await listEndpoints(db, page, failingAfter);
    const last = endpoints.length < page.limit ? undefined : endpoints.at(-1);
    res.json({ endpoints, next: last ? placeOf(last) : null });
  });
  routes.all('/endpoints', allowOnly('GET', 'HEAD'));
}
