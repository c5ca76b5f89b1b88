import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, shown, total } from '../src/cart.ts';

test('a cart adds up', () => {
  add('a', { sku: 'tea', cents: 450, count: 2 });
  assert.equal(total('a'), 900);
  assert.equal(shown(900), '9.00 EUR');
});
