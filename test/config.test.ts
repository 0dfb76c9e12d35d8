import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import express from 'express';
import { completeConfig, ConfigError, readConfig } from '../src/config.ts';
import { environment, roles } from '../src/environment.ts';

const SECRET = 'sixteen characters or more';
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://db.example/cashcat',
  TEMPORAL_ADDRESS: 'temporal.example:7233',
  ADMIN_API_KEY: SECRET,
  LEAD_SECRET: SECRET,
  PUBLIC_URL: 'https://go.example',
};

const PORTS = { least: 0, most: 65_535, below: '-1', above: '65536' };
// Each number's range, and the nearest values outside.
const RANGES: Record<string, { least: number; most: number; below: string; above: string }> = {
  PORT: PORTS,
  OPS_PORT: PORTS,
  POSTGRES_PORT: PORTS,
  TEMPORAL_PORT: PORTS,
  TEMPORAL_UI_PORT: PORTS,
  DEMO_RECEIVER_PORT: PORTS,
  SHUTDOWN_DRAIN_SECONDS: { least: 0, most: 300, below: '-0.001', above: '300.001' },
  DATABASE_POOL_SIZE: { least: 1, most: 500, below: '0', above: '501' },
  DATABASE_STATEMENT_TIMEOUT_SECONDS: { least: 0.1, most: 60, below: '0.099', above: '60.001' },
  LEAD_WINDOW_SECONDS: { least: 1, most: 34_560_000, below: '0.999', above: '34560000.001' },
  POSTBACK_ATTEMPTS: { least: 1, most: 100, below: '0', above: '101' },
  POSTBACK_INTERVAL_SECONDS: { least: 0.1, most: 604_800, below: '0.099', above: '604800.001' },
  POSTBACK_TIMEOUT_SECONDS: { least: 0.1, most: 10, below: '0.099', above: '10.001' },
  ENDPOINT_FAILING_AFTER: { least: 1, most: 1000, below: '0', above: '1001' },
  ADVERTISER_SILENT_AFTER_HOURS: { least: 25, most: 336, below: '24', above: '337' },
  STATUS_CALLS_RETENTION_DAYS: { least: 30, most: 3650, below: '29', above: '3651' },
  RESPONSE_BODIES_RETENTION_DAYS: { least: 1, most: 3650, below: '0', above: '3651' },
  IMPORT_FILES_RETENTION_DAYS: { least: 1, most: 3650, below: '0', above: '3651' },
  PULL_UNKNOWN_ROWS: { least: 0, most: 100_000, below: '-1', above: '100001' },
  PULL_TIMEOUT_SECONDS: { least: 1, most: 1500, below: '0.999', above: '1501' },
  BOT_VISITS_RETENTION_DAYS: { least: 1, most: 3650, below: '0', above: '3651' },
  VISITOR_HASHES_RETENTION_DAYS: { least: 1, most: 400, below: '0', above: '401' },
  FRAUD_FAST_STATUS_SECONDS: { least: 0, most: 3600, below: '-0.001', above: '3600.001' },
  FRAUD_LATE_TOUCH_SECONDS: { least: 1, most: 86_400, below: '0.999', above: '86400.001' },
  FRAUD_BURST_LEADS: { least: 3, most: 10_000, below: '2', above: '10001' },
  FRAUD_BURST_SECONDS: { least: 1, most: 86_400, below: '0.999', above: '86400.001' },
  FRAUD_LINK_VISITORS: { least: 3, most: 10_000, below: '2', above: '10001' },
  FLAGGING_INTERVAL_SECONDS: { least: 0.05, most: 3600, below: '0.049', above: '3600.001' },
  FACTS_RETENTION_DAYS: { least: 30, most: 3650, below: '29', above: '3651' },
  RETENTION_INTERVAL_SECONDS: { least: 10, most: 86_400, below: '9.999', above: '86400.001' },
  CANARY_INTERVAL_SECONDS: { least: 1, most: 86_400, below: '0.999', above: '86400.001' },
  OPS_SESSION_SECONDS: { least: 1, most: 604_800, below: '0.999', above: '604800.001' },
  CONSOLE_SESSION_SECONDS: { least: 1, most: 7_776_000, below: '0.999', above: '7776000.001' },
  PARTNER_TESTS_PER_MINUTE: { least: 1, most: 1000, below: '0', above: '1001' },
  CATALOGUE_POLL_SECONDS: { least: 0.05, most: 3600, below: '0.049', above: '3600.001' },
  RELAY_CONCURRENCY: { least: 1, most: 1000, below: '0', above: '1001' },
  RELAY_CLICK_CONCURRENCY: { least: 1, most: 1000, below: '0', above: '1001' },
  RELAY_IMPORT_CONCURRENCY: { least: 1, most: 1000, below: '0', above: '1001' },
  RELAY_LEASE_SECONDS: { least: 3, most: 3600, below: '2.999', above: '3600.001' },
  COUNTING_INTERVAL_SECONDS: { least: 0.05, most: 3600, below: '0.049', above: '3600.001' },
  LEDGER_CHECK_INTERVAL_SECONDS: { least: 1, most: 86_400, below: '0.999', above: '86400.001' },
  LEDGER_CHECK_TIMEOUT_SECONDS: { least: 1, most: 3600, below: '0.999', above: '3600.001' },
  SWEEP_INTERVAL_SECONDS: { least: 0.05, most: 3600, below: '0.049', above: '3600.001' },
  IMPORT_SETTLED_ROWS_PER_SECOND: { least: 1, most: 10_000, below: '0', above: '10001' },
  SWEEP_MARGIN_SECONDS: { least: 0.05, most: 86_400, below: '0.049', above: '86400.001' },
  WORKER_CACHED_WORKFLOWS: { least: 1, most: 20_000, below: '0', above: '20001' },
  WORKER_CONCURRENT_WORKFLOW_TASKS: { least: 2, most: 1000, below: '1', above: '1001' },
  WORKER_CONCURRENT_POSTBACKS: { least: 1, most: 10_000, below: '0', above: '10001' },
  WORKER_CONCURRENT_POSTBACKS_PER_PARTNER: { least: 1, most: 10_000, below: '0', above: '10001' },
  WORKER_CONCURRENT_REPLAYS: { least: 1, most: 1000, below: '0', above: '1001' },
  REPLAY_CONCURRENT_POSTBACKS: { least: 1, most: 128, below: '0', above: '129' },
  IMPORT_MAX_ROWS: { least: 1, most: 10_000_000, below: '0', above: '10000001' },
  IMPORT_MAX_MEGABYTES: { least: 1, most: 5000, below: '0', above: '5001' },
};
const ranges = Object.entries(RANGES);
const ofSeconds = ranges.filter(([name]) => name.endsWith('_SECONDS'));
const ofWholeNumbers = ranges.filter(([name]) => !name.endsWith('_SECONDS'));
const MOST_A_TIMER_WAITS_MS = 2 ** 31 - 1;
// Postgres, Temporal and browsers reckon with them; no timer of Node ever waits for them.
const NEVER_WAITED_FOR = ['leads.windowMs', 'console.sessionMs'];

function refusalOf(env: NodeJS.ProcessEnv): string {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  assert.fail(`accepted: ${JSON.stringify(env)}`);
}

describe('configuration', () => {
  it('drops hashes of visitors after the window, or sooner', () => {
    const days = (env: NodeJS.ProcessEnv) => readConfig(env).retention.days.visitorHashes;
    assert.equal(days({ LEAD_WINDOW_SECONDS: '2592000' }), 30);
    assert.equal(days({ LEAD_WINDOW_SECONDS: '2592000', VISITOR_HASHES_RETENTION_DAYS: '7' }), 7);
    assert.equal(days({ VISITOR_HASHES_RETENTION_DAYS: '400' }), 14);
    assert.equal(days({ LEAD_WINDOW_SECONDS: '60' }), 1);
  });

  it('has a default for everything', () => {
    assert.deepEqual(readConfig({}), {
      env: {},
      isProduction: false,
      roles: ['api', 'relay', 'worker', 'migrate'],
      http: { host: '0.0.0.0', port: 3000, publicUrl: undefined, trustProxy: false, drainMs: 5000 },
      ops: { host: '127.0.0.1', port: 3001, adminApiKey: undefined, allowedHosts: [], sessionMs: 43_200_000 },
      database: { url: undefined, poolSize: 10, statementTimeoutMs: 5000 },
      temporal: { isGiven: false, address: undefined, namespace: undefined, uiUrl: undefined },
      leads: { secrets: undefined, windowMs: 1_209_600_000 },
      postbacks: { attempts: 3, intervalMs: 300_000, timeoutMs: 10_000, allowCidrs: undefined },
      endpoints: { failingAfter: 10, canaryIntervalMs: 300_000 },
      advertisers: { silentAfterHours: 36 },
      fraud: {
        intervalMs: 30_000,
        limits: { fastStatusMs: 10_000, lateTouchMs: 60_000, burstLeads: 30, burstMs: 600_000, linkVisitors: 5 },
      },
      retention: {
        intervalMs: 3_600_000,
        days: {
          botVisits: 90,
          statusCalls: 365,
          responseBodies: 365,
          importFiles: 90,
          visitorHashes: 14,
          touches: undefined,
        },
      },
      imports: { maxRows: 1_000_000, maxMegabytes: 250 },
      console: { sessionMs: 14 * 24 * 60 * 60 * 1000 },
      partners: { testsPerMinute: 10 },
      pulls: { timeoutMs: 300_000, headerKeys: undefined, unknownRowsKept: 1000 },
      catalogue: { pollMs: 1000 },
      relay: { concurrency: 64, clickConcurrency: 2, importConcurrency: 16, leaseMs: 15_000 },
      sweep: { intervalMs: 60_000, marginMs: 120_000, importRowsPerSecond: 20 },
      counting: { intervalMs: 15_000 },
      ledgerCheck: { intervalMs: 3_600_000, timeoutMs: 300_000 },
      worker: {
        cachedWorkflows: 500,
        concurrentWorkflowTasks: 20,
        concurrentPostbacks: 1000,
        concurrentPostbacksPerPartner: 200,
      },
      replays: { concurrentReplays: 30, concurrentPostbacks: 128 },
      logLevel: 'info',
      embedded: {
        dataDir: resolve('.data'),
        postgresPort: 5440,
        temporalPort: 7233,
        temporalUiPort: 8233,
        receiverPort: 3002,
      },
    });
  });

  it('takes an empty variable for one that is not set', () => {
    assert.deepEqual({ ...readConfig({ PORT: '', DATABASE_URL: '', ROLES: '' }), env: {} }, readConfig({}));
  });

  it('reads numbers in the unit of their name and lists with commas', () => {
    const config = readConfig({
      PORT: '0',
      LEAD_WINDOW_SECONDS: '3600',
      POSTBACK_INTERVAL_SECONDS: '0.5',
      ROLES: 'api, relay',
      LEAD_SECRET: `${SECRET} one,${SECRET} two`,
      POSTBACK_ALLOW_CIDRS: '127.0.0.0/8, 10.0.0.0/8',
    });
    assert.equal(config.http.port, 0);
    assert.equal(config.leads.windowMs, 3_600_000);
    assert.equal(config.postbacks.intervalMs, 500);
    assert.deepEqual(config.roles, ['api', 'relay']);
    assert.deepEqual(config.leads.secrets, [`${SECRET} one`, `${SECRET} two`]);
    assert.deepEqual(config.postbacks.allowCidrs, ['127.0.0.0/8', '10.0.0.0/8']);
  });

  it('refuses a value that cannot be used and names its variable', () => {
    const unusable: Record<string, string[]> = {
      ROLES: ['apo', ','],
      LEAD_SECRET: ['short', `${SECRET},short`, ','],
      ADMIN_API_KEY: ['short'],
      PUBLIC_URL: ['go.example', 'ftp://go.example'],
      LOG_LEVEL: ['loud'],
    };
    for (const [name, values] of Object.entries(unusable)) {
      for (const value of values) assert.match(refusalOf({ [name]: value }), new RegExp(`\\b${name}\\b`), value);
    }
  });

  describe('of numbers', () => {
    it('tests every variable that takes one', () => {
      // No single number is in the range of each.
      const taken = Object.entries(environment.shape).filter(([, schema]) =>
        ['5', '100'].some((text) => typeof schema.safeParse(text).data === 'number'),
      );
      const named = taken.map(([name]) => name).filter((name) => name !== 'TRUST_PROXY');
      assert.deepEqual(named.sort(), Object.keys(RANGES).sort());
    });

    for (const [name, { least, most, below, above }] of ranges) {
      it(`takes ${name} from ${least} to ${most} and nothing else`, () => {
        for (const given of [least, most]) readConfig({ [name]: String(given) });
        for (const given of [below, above, 'many', '5 s', '1e3', '0x10', 'Infinity', 'NaN', '-5', '5.', '.5', ' ']) {
          const message = refusalOf({ [name]: given });
          assert.match(
            message,
            new RegExp(`${name}: give .* from ${least} to ${most}.*, not "${given.trim()}"$`),
            given,
          );
        }
      });

      it(`shows the range of ${name} in docs/configuration.md`, () => {
        const row = readFileSync('docs/configuration.md', 'utf8')
          .split('\n')
          .find((line) => line.startsWith('|') && line.split('|')[1]?.includes(`\`${name}\``));
        assert.ok(row?.includes(` ${least} to ${most} `), row);
      });
    }

    for (const [name] of ofWholeNumbers) {
      it(`takes no fraction for ${name}`, () => assert.match(refusalOf({ [name]: '5.5' }), /whole number/));
    }

    for (const [name, { least }] of ofSeconds) {
      it(`turns ${name} into whole milliseconds, and refuses what is finer`, () => {
        for (const given of ['1.005', '4.035', '8.999']) {
          if (Number(given) < least) continue;
          const ms = Number(given.replace('.', ''));
          assert.ok(numbersIn(readConfig({ [name]: given })).includes(ms), `${name} is not ${ms} ms`);
        }
        assert.match(refusalOf({ [name]: '5.0005' }), /three decimals/);
      });
    }

    it('lets no timer wait for longer than it can, after which Node would not wait at all', () => {
      const longest = readConfig(Object.fromEntries(ranges.map(([name, { most }]) => [name, String(most)])));
      const durations = durationsIn(longest);
      assert.equal(durations.length, ofSeconds.length);
      const tooLong = durations.filter(([, ms]) => ms > MOST_A_TIMER_WAITS_MS);
      assert.deepEqual(
        tooLong.map(([name]) => name),
        NEVER_WAITED_FOR,
      );
    });
  });

  it('names all variables that cannot be used at once, and no secret', () => {
    const message = refusalOf({ PORT: 'x', OPS_PORT: 'y', LEAD_SECRET: 'too-short' });
    for (const name of ['PORT', 'OPS_PORT', 'LEAD_SECRET']) assert.ok(message.includes(`${name}`));
    assert.ok(!message.includes('too-short'));
  });

  it('in production starts with all that is needed, and names what is missing', () => {
    assert.equal(readConfig(production).isProduction, true);
    for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'ADMIN_API_KEY', 'LEAD_SECRET', 'PUBLIC_URL']) {
      assert.match(refusalOf({ ...production, [name]: undefined }), new RegExp(`must be set: ${name}\\.`));
    }
    assert.match(
      refusalOf({ NODE_ENV: 'production' }),
      /DATABASE_URL, TEMPORAL_ADDRESS, ADMIN_API_KEY, LEAD_SECRET, PUBLIC_URL/,
    );
  });

  it('in production asks of each role only what it uses', () => {
    const { NODE_ENV, DATABASE_URL, TEMPORAL_ADDRESS } = production;
    readConfig({ NODE_ENV, DATABASE_URL, ROLES: 'migrate' });
    readConfig({ NODE_ENV, DATABASE_URL, TEMPORAL_ADDRESS, ROLES: 'relay,worker' });
    readConfig({ ...production, TEMPORAL_ADDRESS: undefined, ROLES: 'api' });
    assert.match(refusalOf({ NODE_ENV, DATABASE_URL, ROLES: 'relay' }), /TEMPORAL_ADDRESS/);
    assert.match(refusalOf({ NODE_ENV, TEMPORAL_ADDRESS, ROLES: 'worker' }), /DATABASE_URL/);
  });

  describe('of the addresses that postbacks may reach', () => {
    const careless: Record<string, RegExp> = {
      '0.0.0.0/0': /0\.0\.0\.0\/0 would open this machine and link-local addresses and the metadata of a cloud/,
      '::/0': /this machine and link-local addresses and the metadata of a cloud/,
      '127.0.0.0/8': /this machine/,
      '127.0.0.1/31': /this machine/,
      '0.0.0.0/8': /this machine/,
      '::/127': /this machine/,
      '64:ff9b::/96': /this machine and link-local/,
      '168.0.0.0/7': /link-local addresses and the metadata/,
      '169.254.169.0/24': /link-local/,
      'fe80::/64': /link-local/,
      '168.63.129.0/24': /metadata/,
      '100.64.0.0/10': /metadata/,
      'fd00::/8': /metadata/,
    };
    for (const [range, reason] of Object.entries(careless)) {
      it(`in production refuses ${range}, which opens more than it looks like`, () => {
        const message = refusalOf({ ...production, POSTBACK_ALLOW_CIDRS: `10.1.0.0/16,${range}` });
        assert.match(message, reason);
        assert.match(message, /^POSTBACK_ALLOW_CIDRS: /);
        assert.ok(!message.includes('10.1.0.0'));
        readConfig({ POSTBACK_ALLOW_CIDRS: range });
      });
    }

    it('in production takes private ranges, and single addresses as a decision', () => {
      for (const given of [
        '10.0.0.0/8,192.168.0.0/16,172.16.0.0/12',
        'fd12:3456::/32',
        '127.0.0.1/32',
        '127.0.0.1',
        '::1',
      ]) {
        assert.deepEqual(
          readConfig({ ...production, POSTBACK_ALLOW_CIDRS: given }).postbacks.allowCidrs,
          given.split(','),
        );
      }
    });
  });

  it("takes Temporal's own environment configuration for an address", () => {
    for (const name of ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE']) {
      assert.equal(readConfig({ [name]: 'somewhere' }).temporal.isGiven, true);
      readConfig({ ...production, TEMPORAL_ADDRESS: undefined, [name]: 'somewhere' });
    }
  });

  it('trusts proxies by their number or address, never all of them', () => {
    assert.equal(readConfig({ TRUST_PROXY: '2' }).http.trustProxy, 2);
    assert.equal(readConfig({ TRUST_PROXY: 'loopback, 10.0.0.0/8' }).http.trustProxy, 'loopback, 10.0.0.0/8');
    for (const given of ['true', '1000000', '0.0.0.0/0', '::/0']) {
      assert.match(refusalOf({ TRUST_PROXY: given }), /TRUST_PROXY/, given);
    }
  });

  it('takes false for no proxy at all', () => {
    assert.equal(readConfig({ TRUST_PROXY: 'false' }).http.trustProxy, false);
    assert.equal(readConfig({ TRUST_PROXY: '0' }).http.trustProxy, 0);
  });

  it('accepts of proxies only what Express can use', () => {
    const usable = ['loopback, 10.0.0.0/8', 'uniquelocal', '10.1.2.3', '::1', 'fd00::/8,linklocal', '::ffff:10.0.0.1'];
    for (const given of usable) {
      assert.equal(readConfig({ TRUST_PROXY: given }).http.trustProxy, given);
      express().set('trust proxy', given);
    }
    const unusable = [
      '0.0',
      '10.0.0.0/33',
      '10.0.0.0/0',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      'fd00::/129',
      'loopback,',
      '/',
      'no',
    ];
    for (const given of unusable) {
      assert.match(refusalOf({ TRUST_PROXY: given }), /TRUST_PROXY/, given);
      assert.throws(() => express().set('trust proxy', given), given);
    }
  });

  it('takes a public URL with or without a slash at its end, and nothing behind it', () => {
    for (const given of [
      'https://go.example',
      'https://go.example/',
      'https://go.example//',
      'HTTPS://Go.Example:443/',
    ]) {
      assert.equal(readConfig({ PUBLIC_URL: given }).http.publicUrl, 'https://go.example', given);
    }
    assert.equal(readConfig({ PUBLIC_URL: 'http://localhost:3000/' }).http.publicUrl, 'http://localhost:3000');
    for (const rest of ['/cashcat', '/cashcat/', '/?a=b', '?a=b', '#a', '/#a']) {
      assert.match(refusalOf({ PUBLIC_URL: `https://go.example${rest}` }), /PUBLIC_URL: .*without/, rest);
    }
    assert.match(refusalOf({ PUBLIC_URL: 'https://me:secret@go.example' }), /PUBLIC_URL: .*without/);
  });

  it('knows each role', () => {
    for (const role of roles) assert.deepEqual(readConfig({ ROLES: role }).roles, [role]);
  });

  it('is completed by what is provided, where nothing is given', () => {
    const provided = {
      databaseUrl: 'postgres://embedded',
      temporalAddress: '127.0.0.1:1',
      temporalUiUrl: 'http://127.0.0.1:2',
      adminApiKey: 'provided key',
      leadSecrets: ['provided secret'],
      pullHeaderKeys: ['provided key of headers'],
      allowCidrs: ['127.0.0.0/8'],
    };
    const { database, temporal, ops, leads, postbacks, pulls } = completeConfig(readConfig({}), provided);
    assert.deepEqual(pulls.headerKeys, provided.pullHeaderKeys);
    assert.equal(database.url, provided.databaseUrl);
    assert.equal(temporal.target.connectionOptions.address, provided.temporalAddress);
    assert.equal(temporal.uiUrl, provided.temporalUiUrl);
    assert.equal(ops.adminApiKey, provided.adminApiKey);
    assert.deepEqual(leads.secrets, provided.leadSecrets);
    assert.deepEqual(postbacks.allowCidrs, provided.allowCidrs);

    const given = completeConfig(readConfig(production), provided);
    assert.equal(given.database.url, production.DATABASE_URL);
    assert.equal(given.temporal.target.connectionOptions.address, production.TEMPORAL_ADDRESS);
    assert.equal(given.ops.adminApiKey, SECRET);
    assert.deepEqual(given.leads.secrets, [SECRET]);
    const withKeys = readConfig({ PULL_HEADERS_KEY: 'a first key of headers, a second key of headers' });
    assert.deepEqual(completeConfig(withKeys, provided).pulls.headerKeys, [
      'a first key of headers',
      'a second key of headers',
    ]);
  });
});

/** Every field that ends in Ms, by the way that leads to it. */
function durationsIn(value: unknown, way: string[] = []): [string, number][] {
  if (typeof value === 'number') return way.at(-1)?.endsWith('Ms') ? [[way.join('.'), value]] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => durationsIn(part, [...way, name]));
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}
