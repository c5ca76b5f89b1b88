import { shown, total } from './cart.ts';
import { config } from './config.ts';
import { post } from './http.ts';
import { withLocks } from './locks.ts';
import { retry } from './retry.ts';

export async function checkout(session: string, skus: string[]): Promise<string> {
  return withLocks(skus, async () => {
    await retry(() => post(`${config.paymentUrl}/stock`, { skus }, config.stockTimeoutMs), 3);
    const cents = total(session);
    await post(`${config.paymentUrl}/charge`, { cents, currency: 'EUR' }, config.paymentTimeoutMs);
    return `paid ${shown(cents)}`;
  });
}
