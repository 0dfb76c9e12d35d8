import assert from 'node:assert/strict';
import express, { type Response } from 'express';
import request from 'supertest';
import { limitReports } from '../../../src/http/partner/limit-reports.ts';
import { eventually } from '../../support/eventually.ts';

/** An app that answers only when it is told to, for the partner that a header names. */
function build() {
  const begun: { partner: string; answer: () => void }[] = [];
  const app = express();
  app.use((req, res, next) => {
    Object.assign(res.locals, { partnerId: req.get('partner') });
    next();
  });
  app.use(limitReports());
  app.use((req, res) => {
    begun.push({ partner: String(req.get('partner')), answer: () => void res.end() });
  });
  app.use(((error: { kind: string }, _req, res: Response, next) => {
    if (res.headersSent) return next(error);
    res.status(error.kind === 'too_many' ? 429 : 500).end();
  }) as express.ErrorRequestHandler);
  return { app, begun };
}

describe('the limit of reports', () => {
  it('is of each partner, and leaves alone the pages of lists', async () => {
    const { app, begun } = build();
    const ask = async (method: 'get' | 'post', path: string, { partner = 'ann', accept = '*/*' } = {}) => {
      const before = begun.length;
      const answer = request(app)[method](path).set({ partner, accept });
      const sent = answer.then(({ status }) => status);
      await Promise.race([sent, eventually(() => Promise.resolve(assert.ok(begun.length > before, 'not yet')))]);
      begun.at(-1)?.answer();
      return await sent;
    };
    for (let count = 0; count < 15; count++) {
      assert.equal(await ask('get', '/stats'), 200);
      assert.equal(await ask('post', '/replays/preview'), 200);
      assert.equal(await ask('post', '/Replays/'), 200);
      assert.equal(await ask('get', '/postbacks', { accept: 'text/csv' }), 200);
    }
    assert.equal(await ask('get', '/stats'), 429);
    assert.equal(await ask('get', '/postbacks', { accept: 'text/csv' }), 429);
    assert.equal(await ask('get', '/postbacks'), 200);
    assert.equal(await ask('get', '/replays'), 200);
    assert.equal(await ask('get', '/stats', { partner: 'bob' }), 200);
  });

  it('makes one file after the other for a partner, while others have theirs', async () => {
    const { app, begun } = build();
    const askForFile = (partner: string) =>
      request(app)
        .get('/conversions')
        .set({ partner, accept: 'text/csv' })
        .then(({ status }) => status);
    const first = askForFile('ann');
    await eventually(() => Promise.resolve(assert.equal(begun.length, 1)));
    const second = askForFile('ann');
    const others = askForFile('bob');
    await eventually(() => Promise.resolve(assert.equal(begun.length, 2)));
    assert.deepEqual(
      begun.map(({ partner }) => partner),
      ['ann', 'bob'],
    );
    begun[1]?.answer();
    assert.equal(await others, 200);
    assert.equal(begun.length, 2);
    begun[0]?.answer();
    assert.equal(await first, 200);
    await eventually(() => Promise.resolve(assert.equal(begun.length, 3)));
    begun[2]?.answer();
    assert.equal(await second, 200);
  });
});
