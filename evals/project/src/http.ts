import { retry } from './retry.ts';

export async function post(url: string, body: unknown, timeoutMs = 30_000): Promise<unknown> {
  return retry(async () => {
    const answer = await fetch(url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.json();
  });
}
