import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { commandLineOf } from '../../../src/dev/embedded/process-identity.ts';
import { findTemporalBinary } from '../../../src/dev/embedded/temporal-binary.ts';
import { startPrivateTemporal, temporaryFolder } from '../../support/servers.ts';
import { connectClient } from '../../support/temporal/connection.ts';

describe('the embedded Temporal server', () => {
  it('keeps an open workflow over kill -9, on the same port', async () => {
    const first = await startPrivateTemporal();
    await withClient(first.address, (client) =>
      client.workflow.start('waits', { workflowId: 'kept', taskQueue: 'nobody-listens' }),
    );
    await first.kill('SIGKILL');

    const second = await startPrivateTemporal({ dir: first.dir, port: first.port });
    assert.equal(second.address, first.address);
    const description = await withClient(second.address, (client) => client.workflow.getHandle('kept').describe());
    assert.equal(description.status.name, 'RUNNING');
    await second.kill('SIGKILL');
  });

  it('is told not to look on the internet for a newer version of itself', async () => {
    const server = await startPrivateTemporal();
    assert.match(commandLineOf(server.pid), /frontend\.enableServerVersionCheck=false/);
    await server.kill('SIGKILL');
  });

  it('remembers ended workflows for 90 days', async () => {
    const server = await startPrivateTemporal();
    const { config } = await withClient(server.address, ({ connection }) =>
      connection.workflowService.describeNamespace({ namespace: 'default' }),
    );
    assert.equal(Number(config?.workflowExecutionRetentionTtl?.seconds), 90 * 24 * 60 * 60);
    await server.kill('SIGKILL');
  });

  it('stops the server of a run that was killed', async () => {
    const left = await startPrivateTemporal();
    const next = await startPrivateTemporal({ dir: left.dir, port: left.port });
    assert.throws(() => process.kill(left.pid, 0), { code: 'ESRCH' });
    await next.kill('SIGKILL');
  });
});

describe('the search for the Temporal server', () => {
  it('prefers the one on PATH to the one kept in the cache', async () => {
    const [bin, cache] = [temporaryFolder(), temporaryFolder()];
    const kept = join(cache, 'cashcat', 'temporal-cli-1.5.1');
    mkdirSync(kept, { recursive: true });
    writeProgram(kept, 'temporal', 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"');
    const search = { env: { PATH: bin, XDG_CACHE_HOME: cache }, onProgress: () => {} };
    assert.equal((await findTemporalBinary(search)).path, join(kept, 'temporal'));

    writeProgram(bin, 'temporal', 'echo "temporal version 1.7.0 (Server 1.31.0, UI 2.50.0)"');
    const found = await findTemporalBinary(search);
    assert.deepEqual(found, { path: join(bin, 'temporal'), source: 'found on PATH', serverVersion: '1.31.0' });
  });

  it('builds it once with Go when it cannot be downloaded, and says so', async () => {
    const [bin, cache] = [temporaryFolder(), temporaryFolder()];
    // Stands in for the compiler: it puts a program where it was told to.
    writeProgram(
      bin,
      'go',
      `printf '#!/bin/sh\\necho "temporal version 0.0.0 (Server 1.29.1, UI 2.42.1)"\\n' > "$GOBIN/temporal"; chmod 755 "$GOBIN/temporal"`,
    );
    const lines: string[] = [];
    const search = {
      env: { PATH: `${bin}:/bin:/usr/bin`, XDG_CACHE_HOME: cache },
      archives: 'http://127.0.0.1:1/',
      onProgress: (line: string) => lines.push(line),
    };
    assert.equal((await findTemporalBinary(search)).source, 'built with Go');
    assert.ok(lines.some((line) => line.includes('with Go')));
    assert.equal((await findTemporalBinary(search)).source, 'kept from an earlier start');
  });

  it('says what to do when there is no way to get it', async () => {
    const env = { PATH: '', XDG_CACHE_HOME: temporaryFolder() };
    await assert.rejects(
      findTemporalBinary({ env, archives: 'http://127.0.0.1:1/', onProgress: () => {} }),
      /Install the Temporal CLI.*or install Go, or point TEMPORAL_ADDRESS/,
    );
  });
});

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectClient(address);
  try {
    return await use(client);
  } finally {
    await client.connection.close();
  }
}

function writeProgram(folder: string, name: string, script: string): void {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
