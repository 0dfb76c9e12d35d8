import assert from 'node:assert/strict';
import { createLog } from '../src/log.ts';

describe('the log', () => {
  const linesOf = (write: (log: ReturnType<typeof createLog>) => void) => {
    const lines: string[] = [];
    write(createLog('info', { write: (line) => void lines.push(line) }));
    return lines;
  };

  for (const name of ['token', 'api_key', 'authorization', 'cookie', 'password', 'connectionString']) {
    it(`blots out ${name} at the top of a line and up to two objects below, and nothing beside it`, () => {
      const secret = { [name]: 'S3CRET', lead_id: 'lead-1' };
      const err = Object.assign(new Error('failed'), { call: secret, ...secret });
      const lines = linesOf((log) => {
        log.info(secret, 'said');
        log.info({ call: secret }, 'said');
        log.info({ call: { given: secret } }, 'said');
        log.warn({ err }, 'said');
      });
      assert.equal(lines.length, 4);
      for (const line of lines) {
        assert.ok(!line.includes('S3CRET'), line);
        assert.ok(line.includes('lead-1') && line.includes('"msg":"said"'), line);
      }
    });
  }

  it('blots out the headers of a request', () => {
    const [line] = linesOf((log) => log.info({ req: { headers: { 'x-key': 'S3CRET' }, url: '/' } }, 'said'));
    assert.ok(line?.includes('"url":"/"') && !line.includes('S3CRET'), line);
  });
});
