import assert from 'node:assert/strict';
import { withHeader } from '../../../demo/http/with-header.ts';

describe('withHeader()', () => {
  it('adds to what the headers are at the moment, and stays the same object until they change', () => {
    let token = { 'x-capacity-token': 'a' };
    const headers = withHeader(() => token, 'x-demo-work', '10');
    assert.deepEqual(headers(), { 'x-capacity-token': 'a', 'x-demo-work': '10' });
    assert.equal(headers(), headers());
    token = { 'x-capacity-token': 'b' };
    assert.deepEqual(headers(), { 'x-capacity-token': 'b', 'x-demo-work': '10' });
  });
});
