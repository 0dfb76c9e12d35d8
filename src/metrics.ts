import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** Our own figures, in seconds and counts. Temporal's worker metrics are appended where they are served. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    backlogLeads: new Gauge({
      name: 'cashcat_relay_backlog_leads',
      help: 'Leads that owe events to their workflow',
      registers,
    }),
    backlogOldestSeconds: new Gauge({
      name: 'cashcat_relay_backlog_oldest_seconds',
      help: 'How long the oldest of them has been waiting',
      registers,
    }),
    postbacksOverdue: new Gauge({
      name: 'cashcat_postbacks_overdue',
      help: 'Postbacks whose next attempt should have been made long ago',
      registers,
    }),
    settlementsOverdue: new Gauge({
      name: 'cashcat_settlements_overdue',
      help: 'Statuses that should have been settled long ago',
      registers,
    }),
    endpointsFailing: new Gauge({
      name: 'cashcat_endpoints_failing',
      help: "Partners' endpoints that have failed ENDPOINT_FAILING_AFTER times in a row",
      registers,
    }),
    advertisersSilent: new Gauge({
      name: 'cashcat_advertisers_silent',
      help: 'Advertisers who report daily and have stopped, see ADVERTISER_SILENT_AFTER_HOURS',
      registers,
    }),
    canaries: new Counter({
      name: 'cashcat_canary_calls_total',
      help: 'Test postbacks to failing endpoints, by whether these had recovered',
      labelNames: ['result'] as const,
      registers,
    }),
    countingBehindSeconds: new Gauge({
      name: 'cashcat_counting_behind_seconds',
      help: "Up to how long ago facts are counted for partners' figures",
      registers,
    }),
    ledgerDifferences: new Gauge({
      name: 'cashcat_ledger_differences',
      help: 'Partners and currencies whose lines do not come to their rewards, and wrong payouts, at the last check',
      registers,
    }),
    ledgerCheckAgeSeconds: new Gauge({
      name: 'cashcat_ledger_check_age_seconds',
      help: 'How long ago the last check of the ledger has ended; since the start of the process before the first',
      registers,
    }),
    swept: new Counter({
      name: 'cashcat_sweep_leads_total',
      help: 'Leads with something overdue that were made to owe again',
      registers,
    }),
    fraudFlags: new Counter({
      name: 'cashcat_fraud_flags_total',
      help: 'Conversions that were flagged, by what looks odd',
      labelNames: ['kind'] as const,
      registers,
    }),
    fraudLeadsSkipped: new Counter({
      name: 'cashcat_fraud_leads_skipped_total',
      help: 'Leads that could not be looked at for fraud flags',
      registers,
    }),
    dropped: new Counter({
      name: 'cashcat_retention_dropped_total',
      help: 'What was dropped because its time was over: rows, and texts of rows that stay',
      labelNames: ['kind'] as const,
      registers,
    }),
    relayed: new Counter({
      name: 'cashcat_relay_leads_total',
      help: 'Leads relayed to Temporal',
      labelNames: ['result'] as const,
      registers,
    }),
    relaySeconds: new Histogram({
      name: 'cashcat_relay_seconds',
      help: 'Duration of one call to Temporal',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    postbackAttempts: new Counter({
      name: 'cashcat_postback_attempts_total',
      help: 'Calls to partners, by what came back',
      labelNames: ['result'] as const,
      registers,
    }),
    replaysRunning: new Gauge({
      name: 'cashcat_replays_running',
      help: 'Replays and redeliveries that are under way and not paused',
      registers,
    }),
    replayed: new Counter({
      name: 'cashcat_replay_postbacks_total',
      help: 'Postbacks that replays and redeliveries have dealt with, by what became of them',
      labelNames: ['result'] as const,
      registers,
    }),
    importsRunning: new Gauge({
      name: 'cashcat_imports_running',
      help: 'Imports and dry runs that are under way and not paused',
      registers,
    }),
    importedRows: new Counter({
      name: 'cashcat_import_rows_total',
      help: 'Rows of files that were booked or refused, by what became of them; dry runs are not counted',
      labelNames: ['result'] as const,
      registers,
    }),
    pulls: new Counter({
      name: 'cashcat_pulls_total',
      help: "Pulls of advertisers' exports, by how they ended",
      labelNames: ['result'] as const,
      registers,
    }),
    pullsFailing: new Gauge({
      name: 'cashcat_pulls_failing',
      help: 'Advertisers whose last pull failed',
      registers,
    }),
    pullsOverdue: new Gauge({
      name: 'cashcat_pulls_overdue',
      help: 'Advertisers from whom nothing is pulled although it should be: no pull has begun for long',
      registers,
    }),
    pullsWaiting: new Gauge({
      name: 'cashcat_pulls_waiting',
      help: 'Advertisers whose pulls are skipped: the import of the pull before is paused, or not done yet',
      registers,
    }),
    postbackSeconds: new Histogram({
      name: 'cashcat_postback_attempt_seconds',
      help: 'Duration of one call to a partner',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
  };
}
