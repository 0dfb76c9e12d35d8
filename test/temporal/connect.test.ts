import assert from 'node:assert/strict';
import { Connection } from '@temporalio/client';
import { connectTemporal } from '../../src/temporal/connect.ts';

describe('the connection to Temporal', () => {
  it('is opened again within seconds, however long Temporal was away', async () => {
    const channelArgs = { 'grpc.keepalive_time_ms': 7000, 'grpc.max_reconnect_backoff_ms': 120_000 };
    const { connection } = connectTemporal({
      connectionOptions: { address: '127.0.0.1:1', channelArgs },
      namespace: 'default',
    });
    assert.ok(connection instanceof Connection);
    const { channelArgs: used } = connection.options;
    assert.equal(used['grpc.initial_reconnect_backoff_ms'], 500);
    assert.equal(used['grpc.max_reconnect_backoff_ms'], 5000);
    assert.equal(used['grpc.keepalive_time_ms'], 7000);
    await connection.close();
  });
});
