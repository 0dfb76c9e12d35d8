import assert from 'node:assert/strict';
import { AppError } from '../../../src/errors.ts';
import { toProblem } from '../../../src/http/protocol/problem.ts';
import { noteUnavailable } from '../../../src/http/protocol/unavailable-log.ts';
import { assertFields } from '../../support/fields.ts';

function problemOf(error: unknown) {
  const [logged, warned]: [object[], object[]] = [[], []];
  const problem = toProblem(error, {
    error: (fields: object) => void logged.push(fields),
    warn: (fields: object) => void warned.push(fields),
  });
  return { problem, logged, warned };
}

const withCode = (code: string) => Object.assign(new Error('from the driver'), { code });

describe('a problem', () => {
  for (const [kind, status] of [
    ['malformed', 400],
    ['invalid', 400],
    ['unauthorized', 401],
    ['unknown', 404],
    ['taken', 409],
    ['conflict', 409],
    ['window_closed', 409],
    ['unknown_status', 422],
    ['too_many', 429],
    ['unavailable', 503],
  ] as const) {
    it(`of kind ${kind} has status ${status}, says what happened, and is not logged as an error`, () => {
      const { problem, logged } = problemOf(new AppError(kind, 'what happened'));
      assertFields(problem, { kind, status, detail: 'what happened' });
      assert.equal(problem.type, `urn:cashcat:problem:${kind}`);
      assert.deepEqual(logged, []);
    });
  }

  it('of something that is not available is logged as a warning with its cause', () => {
    const cause = withCode('ECONNREFUSED');
    assert.deepEqual(problemOf(new AppError('unavailable', 'later', { cause })).warned, [{ err: cause }]);
    assert.deepEqual(problemOf(new AppError('unknown', 'never', { cause })).warned, []);
  });

  it('of something that is not available by a mistake of ours is logged as an error, under the id that the caller hears', () => {
    const cause = new TypeError('rows is not iterable');
    const { problem, logged, warned } = problemOf(new AppError('unavailable', 'send it again', { cause }));
    assertFields(problem, { kind: 'unavailable', status: 503, detail: 'send it again' });
    assert.deepEqual({ logged, warned }, { logged: [{ err: cause, errorId: problem.error_id }], warned: [] });
  });

  it('of something that is not available is logged once a second, with the number of those left out', () => {
    const lines: object[] = [];
    const log = { warn: (fields: object) => void lines.push(fields) };
    const cause = new Error('why');
    for (const now of [5000, 5001, 5999, 6000, 6500, 9000, 11_000]) noteUnavailable(cause, log, now);
    assert.deepEqual(lines, [{ err: cause }, { err: cause, leftOut: 2 }, { err: cause, leftOut: 1 }, { err: cause }]);
    const others: object[] = [];
    noteUnavailable(cause, { warn: (fields: object) => void others.push(fields) }, 11_001);
    assert.deepEqual(others, [{ err: cause }], 'another log has lines of its own');
  });

  it('makes one line in the log with others of the same moment, through whichever app they came', () => {
    const lines: object[] = [];
    const write = (fields: object) => void lines.push(fields);
    const log = { error: write, warn: write };
    for (let request = 0; request < 100; request++) toProblem(withCode('ECONNREFUSED'), log);
    assert.equal(lines.length, 1);
  });

  it('of requests that failed together by one mistake is logged once', () => {
    const lines: object[] = [];
    const log = { error: (fields: object) => void lines.push(fields), warn: assert.fail };
    const cause = new TypeError('rows is not iterable');
    const problems = [1, 2].map(() => toProblem(new AppError('unavailable', 'send it again', { cause }), log));
    assert.equal(problems[0]?.error_id, problems[1]?.error_id);
    assert.equal(lines.length, 1);
  });

  it('names the fields that are wrong', () => {
    const problems = [{ field: 'name', message: 'is missing' }];
    assert.deepEqual(problemOf(new AppError('invalid', 'x', { problems })).problem.problems, problems);
  });

  for (const error of [
    withCode('ECONNREFUSED'),
    withCode('ECONNRESET'),
    withCode('57P01'),
    withCode('57P03'),
    withCode('08006'),
    withCode('53300'),
    withCode('57014'),
    withCode('57000'),
    withCode('53100'),
    withCode('53200'),
    withCode('58030'),
    withCode('25006'),
    withCode('EAI_AGAIN'),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('select 1 - Query read timeout'),
    new AggregateError([withCode('ECONNREFUSED')], ''),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout expired'),
    new Error('Knex: Timeout acquiring a connection. The pool is probably full.'),
    new Error('timeout exceeded when trying to connect'),
    Object.assign(withCode('55000'), { severity: 'FATAL' }),
  ]) {
    const name = 'code' in error ? String(error.code) : error.message || error.name;
    it(`of a database that cannot be asked (${name}) is 503 and not our mistake, and logged as a warning`, () => {
      const { problem, logged, warned } = problemOf(error);
      assert.deepEqual(
        { kind: problem.kind, status: problem.status, logged },
        { kind: 'unavailable', status: 503, logged: [] },
      );
      assert.deepEqual(warned, [{ err: error }]);
    });
  }

  for (const code of ['22021', '22P05', '22003']) {
    it(`of a value that Postgres refuses (${code}) is 400`, () =>
      assert.equal(problemOf(withCode(code)).problem.status, 400));
  }

  it('of anything else is 500 with an id, under which the cause is logged once', () => {
    for (const error of [new Error('a secret'), withCode('42P01'), 'a secret', undefined]) {
      const { problem, logged } = problemOf(error);
      assert.equal(problem.status, 500);
      assert.doesNotMatch(JSON.stringify(problem), /secret/);
      assert.deepEqual(logged, [{ err: error, errorId: problem.error_id }]);
    }
  });

  it('of a body that cannot be read does not repeat the body', () => {
    const error = Object.assign(new SyntaxError('Unexpected token s in "secret"'), { status: 400, expose: true });
    const { problem } = problemOf(error);
    assert.equal(problem.status, 400);
    assert.doesNotMatch(problem.detail, /secret/);
  });
});
