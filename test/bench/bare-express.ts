// The reference of the click benchmark: an Express 5 app that redirects and stores nothing.
import type { AddressInfo } from 'node:net';
import express from 'express';

const app = express();
app.get('/:partnerId/', (_req, res) => res.redirect('https://advertiser.example/landing?click_id=none'));
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
