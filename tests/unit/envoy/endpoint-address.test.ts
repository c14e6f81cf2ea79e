import assert from 'node:assert/strict';
import { durationMs, durationText } from '../../../envoy/duration.ts';
import { isIpLiteral, parseEndpoint } from '../../../envoy/endpoint-address.ts';

describe('parseEndpoint()', () => {
  it('splits names, IPv4 and bracketed IPv6', () => {
    assert.deepEqual(parseEndpoint('db.internal:80'), { host: 'db.internal', port: 80 });
    assert.deepEqual(parseEndpoint('127.0.0.1:9101'), { host: '127.0.0.1', port: 9101 });
    assert.deepEqual(parseEndpoint('[::1]:65535'), { host: '::1', port: 65535 });
  });

  it('throws on anything else', () => {
    for (const bad of ['', 'host', 'host:', ':80', 'host:0', 'host:65536', '::1:80', '[::1]', 'a:b:80']) {
      assert.throws(() => parseEndpoint(bad), bad);
    }
  });
});

describe('isIpLiteral()', () => {
  it('tells addresses from names', () => {
    for (const ip of ['127.0.0.1', '255.255.255.255', '::1', 'fe80::1']) assert.ok(isIpLiteral(ip), ip);
    for (const name of ['localhost', '1.2.3', '256.1.1.1', '1.2.3.4.example']) assert.ok(!isIpLiteral(name), name);
  });
});

describe('durationMs()', () => {
  it('keeps fractions of a millisecond (CONTRACT §I: 101.5625 ms)', () => {
    assert.deepEqual(durationMs(101.5625), { seconds: 0, nanos: 101_562_500 });
    assert.deepEqual(durationMs(1500), { seconds: 1, nanos: 500_000_000 });
    assert.deepEqual(durationMs(999.9999999), { seconds: 1, nanos: 0 });
  });
});

describe('durationText()', () => {
  it('writes seconds with at most nine decimals and no exponent', () => {
    const texts = [5_000, 100, 101.5625, 100 / 3, 0.0001, 600_000].map(durationText);
    assert.deepEqual(texts, ['5s', '0.1s', '0.1015625s', '0.033333333s', '0.0000001s', '600s']);
  });
});
