import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createAdvertiser, createOffer, createPartner } from '../../src/db/catalogue.ts';
import { startPrivatePostgres, stopTestServers } from '../support/servers.ts';
import { describeMachine, median, quantile } from './figures.ts';
import { runLoad } from './load.ts';
import { startNode } from './start-temp.ts';
import { readFileSync } from 'node:fs';

const SECONDS = Number(process.env['S'] ?? 5);
const ROUNDS = 3;
const CONNECTIONS = 64;

const pg = await startPrivatePostgres();
const db = connectDb({ url: pg.url, poolSize: 2, statementTimeoutMs: 60000 });
await migrate(db);
await createPartner(db, { name: 'P', partner_id: 'benchpartner' });
await createAdvertiser(db, { name: 'A', advertiser_id: 'bank' });
await createOffer(db, { name: 'O', offer_id: 'card', advertiser_id: 'bank', url: 'https://advertiser.example/landing?click_id={conversion_id}', reward: { amount: 100, currency: 'USD' } });
const bare = await startNode(['--import=tsx', 'test/bench/bare-express.ts'], {}, (l) => (l.startsWith('http') ? [l] : undefined));
const api = await startNode(['dist/src/main.js'], { ROLES: 'api', PORT: '0', OPS_PORT: '0', DATABASE_URL: pg.url, ADMIN_API_KEY: 'x'.repeat(20), LEAD_SECRET: 'y'.repeat(20) }, (l) => { const o = JSON.parse(l); return o.msg === 'ready' ? [o.publicUrl] : undefined; });
console.log(describeMachine());
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${api.child.pid}/status`, 'utf8'))![1]) / 1024;
const sides = {
  bare: { origin: bare.found[0]!, path: '/benchpartner/?ref_id=abc', status: 302 },
  direct: { origin: api.found[0]!.replace('localhost','127.0.0.1'), path: '/benchpartner/?ref_id=abc&offer_id=card', status: 302 },
  wall: { origin: api.found[0]!.replace('localhost','127.0.0.1'), path: '/benchpartner/?ref_id=abc', status: 200 },
};
const res: Record<string, number[]> = { bare: [], direct: [], wall: [] };
let direct = 0;
for (let r = -1; r < ROUNDS; r++) for (const [name, s] of Object.entries(sides)) {
  const out = await runLoad(s.origin, { path: s.path, connections: CONNECTIONS, seconds: r < 0 ? 2 : SECONDS, expectedStatus: s.status });
  if (name === 'direct') direct += out.answered;
  if (r >= 0) res[name]!.push(out.perSecond);
  console.log(r, name, out.perSecond.toFixed(0), '/s p50', quantile(out.latenciesMs, 0.5).toFixed(2), 'p99', quantile(out.latenciesMs, 0.99).toFixed(2), 'failed', out.failed, 'rss', rss().toFixed(0));
}
console.log('direct ratio', (median(res['direct']!) / median(res['bare']!)).toFixed(2), 'wall', (median(res['wall']!) / median(res['bare']!)).toFixed(2));
const { count } = (await db('conversions').count('* as count').first()) as { count: number };
console.log('answered', direct, 'stored', count);
bare.child.kill(); api.child.kill();
await db.destroy();
await stopTestServers();
