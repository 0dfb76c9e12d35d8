import assert from 'node:assert/strict';
import { renderDocs } from '../../../src/http/docs/docs-page.ts';
import { describePublicApi } from '../../../src/http/docs/public-openapi.ts';
import { describePartnerCalls } from '../../../src/http/partner/openapi.ts';

const URL = 'https://cashcat.example';

describe('the page of the public API', () => {
  const page = renderDocs(describePublicApi(URL, describePartnerCalls()), URL);
  const count = (text: string) => page.split(text).length - 1;

  it('shows words of the API as code', () => {
    assert.match(page, /<code>window_closed<\/code>: the window/);
    assert.equal(count('`'), 0);
  });

  it('lists the answers to a status call once, for both of its methods', () => {
    assert.equal(count('<code>unknown_status</code>'), 1);
    assert.match(page, /Answers: the same as to GET\./);
  });

  it('says what the result of a status call means', () => {
    for (const result of ['recorded', 'duplicate', 'stale']) assert.ok(page.includes(`<code>${result}</code>`), result);
  });

  it('ends every sentence once', () => {
    assert.doesNotMatch(page, /[.?!]\./);
  });
});
