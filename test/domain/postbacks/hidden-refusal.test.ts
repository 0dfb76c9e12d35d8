import assert from 'node:assert/strict';
import { findHiddenRefusal } from '../../../src/domain/postbacks/hidden-refusal.ts';

describe('a body that came with a 200', () => {
  const refusals: [string, string][] = [
    // TUNE
    ['success=false; err_msg=Invalid Trans. ID #1027c887059b47b.;', 'unknown_click'],
    ['success=false; err_msg=Duplicate conversion;', 'duplicate'],
    ['success=false;', 'failed'],
    // Keitaro
    ['Incorrect subid "". Postback ignored.', 'unknown_click'],
    ['SubID not found', 'unknown_click'],
    // Orbitra
    ['Click ID not found in database.', 'unknown_click'],
    ['Missing subid.', 'unknown_click'],
    ['Ignored: Unknown status and no transformation specified.', 'failed'],
    ['Database error: SQLSTATE[HY000]', 'failed'],
    // Affise
    ['{"status":2,"error":"Broken clickid"}', 'unknown_click'],
    ['{"status":2,"error":"Conversion exists"}', 'duplicate'],
    ['{"status":2,"error":"Current IP-address is denied"}', 'no_access'],
    ['{"status":2,"error":"Offer disabled"}', 'failed'],
    ['{"error":"Click not found"}', 'unknown_click'],
    // Trackier, Swaarm, Offer18
    ['INVALID_CLICK_ID', 'unknown_click'],
    ['{"message":"Missing Click ID"}', 'unknown_click'],
    ['auth_token mismatch', 'no_access'],
    ['invalid transaction 5f3c', 'unknown_click'],
    // Others
    ['{"success":false}', 'failed'],
    ['{ "Success" : false, "Message" : "nope" }', 'failed'],
    ['{"ok":false,"description":"x"}', 'failed'],
    ['{"status":"error","message":"unknown campaign"}', 'failed'],
    ['[{"status":"failed"}]', 'failed'],
    ['{"errors":["click is too old"]}', 'failed'],
    ['{"error":{"code":7}}', 'failed'],
    ['{"error":true}', 'failed'],
    ['{"code":500,"message":"affid or offerid or subid is missing","data":null}', 'failed'],
    [`{"success":false,"trace":"${'x'.repeat(50)}`, 'failed'],
    ['ERROR', 'failed'],
    ['fail\n', 'failed'],
    ['success: false', 'failed'],
    ['PHP Fatal error: Uncaught PDOException', 'failed'],
    ['<!doctype html><html><head><title>404 Not Found</title></head></html>', 'failed'],
    ['<title>tracker.example is for sale</title>', 'failed'],
  ];
  for (const [body, kind] of refusals) {
    it(`is a refusal: ${body.slice(0, 60)}`, () => assert.equal(findHiddenRefusal(body)?.kind, kind));
  }

  const received = [
    ...['', ' \n', 'OK', 'ok', '1', 'success', 'Success', 'success=true;', 'success=true; err_msg=;', 'thank you'],
    ...['Postback recorded successfully.', 'GIF89a\u0001\u0000\u0001', 'null', '[]', '{}', '"ok"', '0', 'true'],
    ...[
      '{"success":true}',
      '{"success":1,"error":0}',
      '{"error":0}',
      '{"error":"0"}',
      '{"error":false}',
      '{"error":null}',
    ],
    ...[
      '{"error":""}',
      '{"error":"none"}',
      '{"errors":[]}',
      '{"errors":{}}',
      '{"status":"ok","errors":[]}',
      '{"status":200}',
    ],
    ...[
      '{"status":1,"message":"Conversion added"}',
      '{"code":200,"message":"OK"}',
      '{"code":0}',
      '{"result":"success"}',
    ],
    ...[
      '{"status":"pending"}',
      '{"status":"rejected","id":"x"}',
      '{"status":"success","message":"click not found in the cache, taken from the archive"}',
    ],
    ...['<html><title>Thanks</title><body>No error was found.</body></html>', 'error pixels: 0', 'errors=0'],
    ...[
      '<img src="/error.gif" width="1" height="1">',
      'You sent status=rejected',
      '{"status_code":"2"}',
      '{"data":{"error":1}}',
    ],
  ];
  for (const body of received) {
    it(`is no refusal: ${JSON.stringify(body.slice(0, 60))}`, () => assert.equal(findHiddenRefusal(body), null));
  }

  it('that never came is no refusal', () => assert.equal(findHiddenRefusal(null), null));

  it('is quoted where it refuses, on one line and not at length', () => {
    assert.equal(findHiddenRefusal('<p>\n SubID not found</p>')?.quote, 'SubID not found');
    assert.equal(
      findHiddenRefusal('{"status":"error","message":"unknown\\ncampaign"}')?.quote,
      '"status":"error", "message":"unknown\\ncampaign"',
    );
    const long = findHiddenRefusal(`success=false; ${'😀'.repeat(4000)}`)?.quote ?? '';
    assert.equal([...long].length, 100);
    assert.ok(long.isWellFormed());
  });

  it('is read in no time, whatever it is', () => {
    const hostile = ['[', '{"a":', '<title>', 'success', ' ', 'subid ', '"status"\t:'].map((text) =>
      text.repeat(4096 / text.length),
    );
    const begun = performance.now();
    for (const body of hostile) findHiddenRefusal(body);
    assert.ok(performance.now() - begun < 5000);
  });
});
