import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import express from 'express';
import request from 'supertest';
import { createHealthRoutes } from '../../../src/http/protocol/health-routes.ts';

const ASKERS = 5;

describe('readiness', () => {
  it('is looked at once for all who ask at the same time, and again for who asks later', async () => {
    const arrivals = new EventEmitter();
    let [arrived, looks] = [0, 0];
    const app = express();
    app.use((_req, _res, next) => {
      next();
      if (++arrived === ASKERS) arrivals.emit('all');
    });
    const checkReady = async () => {
      if (++looks === 1) await once(arrivals, 'all');
    };
    app.use(createHealthRoutes(checkReady, { warn: assert.fail }));

    await Promise.all(Array.from({ length: ASKERS }, () => request(app).get('/readyz').expect(200)));
    assert.equal(looks, 1);
    await request(app).get('/readyz').expect(200);
    assert.equal(looks, 2);
  });

  it('is denied in time when the look for it hangs, as with a frozen Postgres', async () => {
    const log = { warn: () => undefined };
    const app = express().use(createHealthRoutes(() => new Promise(() => undefined), log));
    await request(app).get('/readyz').expect(503);
  });
});
