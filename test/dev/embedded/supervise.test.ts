import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { supervise } from '../../../src/dev/embedded/supervise.ts';

describe('a supervised server', () => {
  it('is started again however often it is killed, as long as it starts', async () => {
    const server = await startSupervised();
    for (let kills = 0; kills < 5; kills++) await server.kill();
    await server.stop();
  });

  it('is given up when it cannot be started four times in a row', async () => {
    const server = await startSupervised();
    server.failStarts(4);
    await assert.rejects(server.kill(), /^Error: Postgres could not be kept running\. The disk is full$/);
    assert.equal(server.starts(), 5);
    await server.stop();
  });

  it('is not given up when it starts in between', async () => {
    const server = await startSupervised();
    for (const starts of [5, 9]) {
      server.failStarts(3);
      await server.kill();
      assert.equal(server.starts(), starts);
    }
    await server.stop();
  });
});

async function startSupervised() {
  const outcomes = new EventEmitter();
  let [starts, failing] = [0, 0];
  let end: (message: string) => void = assert.fail;
  const server = await supervise({
    name: 'Postgres',
    firstPauseMs: 0,
    start(_former, onExit) {
      starts++;
      if (failing > 0) {
        failing--;
        return Promise.reject(new Error('The disk is full'));
      }
      end = onExit;
      outcomes.emit('start');
      return Promise.resolve({ stop: () => Promise.resolve() });
    },
    onProgress: () => {},
    onGivingUp: (message) => outcomes.emit('error', new Error(message)),
  });
  return {
    stop: () => server.stop(),
    starts: () => starts,
    /** Lets so many of the next starts fail. */
    failStarts: (count: number) => (failing = count),
    /** Ends it, until it runs again. @throws why it is given up */
    async kill() {
      const outcome = once(outcomes, 'start');
      end('Postgres ended unexpectedly (signal SIGKILL)');
      await outcome;
    },
  };
}
