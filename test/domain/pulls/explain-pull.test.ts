import assert from 'node:assert/strict';
import { explainPull, explainUnquoted } from '../../../src/domain/pulls/explain-pull.ts';
import { mayPass, type PullProblem } from '../../../src/domain/pulls/pull.ts';
import { sendErrors } from '../../../src/domain/postbacks/send-error.ts';

const OTHERS: readonly PullProblem[] = [
  ...([
    'compressed',
    'headers_unreadable',
    'import_under_way',
    'settings_changed',
    'cancelled',
    'interrupted',
  ] as const),
  ...(['broken_file', 'redirect'] as const),
];

describe('why a pull brought nothing', () => {
  it('is said of each problem, and nothing where nothing is wrong', () => {
    for (const problem of [...sendErrors, ...OTHERS]) {
      const text = explainPull({ problem, httpStatus: null, detail: null });
      assert.match(text ?? '', /\w{3,}.*\.$/, problem);
    }
    assert.equal(explainPull({ problem: null, httpStatus: 200, detail: null }), null);
  });

  it('is said of each answer of the server, with what to do', () => {
    const tell = (httpStatus: number) => explainPull({ problem: 'http_status', httpStatus, detail: null }) ?? '';
    assert.match(tell(403), /does not let us in \(403\): check the headers/);
    assert.match(tell(410), /no export at this URL/);
    assert.match(tell(429), /pull less often/);
    assert.match(tell(502), /failed on its side \(502\)/);
    assert.match(tell(204), /answered 204 instead of 200/);
  });

  it('is said without a word of the server where that is not to be kept', () => {
    for (const problem of ['redirect', 'broken_file'] as const) {
      const answer = { problem, httpStatus: 302, detail: 'https://files.example/export?signature=secret' };
      assert.match(explainPull(answer) ?? '', /signature=secret/, problem);
      assert.match(explainUnquoted(answer) ?? '', /\w{3,}.*\.$/, problem);
      assert.doesNotMatch(explainUnquoted(answer) ?? '', /files\.example|secret/, problem);
    }
  });

  it('may pass by itself where that is so', () => {
    const may = (problem: PullProblem, httpStatus: number | null = null) =>
      mayPass({ problem, httpStatus, detail: null });
    for (const problem of ['timeout', 'connection_failed', 'dns_error', 'interrupted'] as const)
      assert.ok(may(problem));
    for (const status of [408, 429, 500, 503]) assert.ok(may('http_status', status), String(status));
    for (const status of [400, 401, 404, 204]) assert.ok(!may('http_status', status), String(status));
    for (const problem of ['redirect', 'broken_file', 'tls_error', 'address_not_allowed'] as const)
      assert.ok(!may(problem));
  });
});
