import { createServer } from 'node:http';
import { checkout } from './checkout.ts';
import { refund } from './refunds.ts';

const port = Number(process.env.PORT ?? 4173);

createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://shop');
  try {
    if (url.pathname === '/checkout') {
      response.end(await checkout(url.searchParams.get('session') ?? '', url.searchParams.getAll('sku')));
    } else if (url.pathname === '/refund') {
      await refund(url.searchParams.get('order') ?? '', Number(url.searchParams.get('cents')));
      response.end('refunded');
    } else {
      response.writeHead(404).end();
    }
  } catch (error) {
    response.writeHead(504).end(String(error));
  }
}).listen(port);
