/** The program of `[traffic.commands]`: tells the load balancer that a host leaves or rejoins. */
import {once} from 'node:events';
import {type IncomingMessage, request} from 'node:http';
import process from 'node:process';

const TIMEOUT_MS = 10_000;

const [verb = '', host = '', port = ''] = process.argv.slice(2);
const order = request({
  host: '127.0.0.1',
  port,
  method: 'PUT',
  path: `/${host}/${verb}`,
  timeout: TIMEOUT_MS,
});
order.on('timeout', () => order.destroy(new Error('the load balancer does not answer')));
order.end();
const [answer] = (await once(order, 'response')) as [IncomingMessage];
answer.resume();
if (answer.statusCode !== 204) throw new Error(`the load balancer answers ${answer.statusCode}`);
