import assert from 'node:assert/strict';
import { parseEndpoint } from '../../../../core/mesh/parse-endpoint.ts';

describe('parseEndpoint()', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:9101', '127.0.0.1', 9101],
    ['payment:80', 'payment', 80],
    ['Payment.shop.svc.cluster.local.:65535', 'Payment.shop.svc.cluster.local.', 65_535],
    ['my_host:1', 'my_host', 1],
    ['[::1]:80', '::1', 80],
    ['[::]:80', '::', 80],
    ['[2001:db8:0:0:0:0:0:1]:80', '2001:db8:0:0:0:0:0:1', 80],
    ['[::ffff:10.0.0.1]:80', '::ffff:10.0.0.1', 80],
  ] as const) {
    it(`reads ${text}`, () => assert.deepEqual(parseEndpoint(text), { host, port }));
  }

  for (const text of [
    '',
    'payment',
    ':80',
    'payment:',
    'payment:0',
    'payment:65536',
    'payment:8o',
    'http://payment:80',
    'pay ment:80',
    '-payment:80',
    'a..b:80',
    '256.0.0.1:80',
    '10.0.0:80',
    '10.0.0.1.:80',
    '::1:80',
    '[::1]',
    '[1:2]:80',
    '[1::2::3]:80',
    '[1:2:3:4:5:6:7:8:9]:80',
    '[12345::]:80',
    `${'a'.repeat(64)}:80`,
  ]) {
    it(`refuses "${text}"`, () => assert.equal(parseEndpoint(text), null));
  }
});
