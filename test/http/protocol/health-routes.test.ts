import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mock } from 'node:test';
import express from 'express';
import request from 'supertest';
import { createHealthRoutes } from '../../../src/http/protocol/health-routes.ts';

const ASKERS = 5;
const PROMISED_WITHIN_MS = 3000;

describe('readiness', () => {
  afterEach(() => mock.timers.reset());

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

  it('is denied within three seconds when the look for it hangs, as with a frozen Postgres', async () => {
    const looks = new EventEmitter();
    const hang = async () => {
      const end = once(looks, 'end');
      looks.emit('begin');
      await end;
    };
    const app = express().use(createHealthRoutes(hang, { warn: () => undefined }));
    mock.timers.enable({ apis: ['setTimeout'] });
    const timePasses = once(looks, 'begin').then(() => {
      mock.timers.tick(PROMISED_WITHIN_MS);
      looks.emit('end');
    });
    await Promise.all([request(app).get('/readyz').expect(503), timePasses]);
  });
});
