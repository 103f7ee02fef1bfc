import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type Listening, listen } from '../../local/listen.ts';

let listening: Listening | undefined;
afterEach(() => listening?.close(0));

it('answers a client whose body it refuses when that is sent, and goes on with the connection', async () => {
  const refusesBodies = (request: Request) => new Response('', { status: request.body ? 413 : 200 });
  listening = await listen(refusesBodies, 0);
  const { port, hostname, host } = new URL(listening.url);
  const client = connect(Number(port), hostname);
  let answers = '';
  client.setEncoding('latin1').on('data', (text: string) => {
    answers += text;
  });
  const untilNext = async () => {
    await once(client, 'data');
    return answers.slice(0, 12);
  };

  client.write(`POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 2000000\r\n\r\n${'a'.repeat(1_000_000)}`);
  // Another client is answered meanwhile, so the server knows of the first.
  for (let i = 0; i < 3; i++) expect((await fetch(listening.url)).status).toBe(200);
  expect(answers).toBe('');
  client.write('a'.repeat(1_000_000));
  expect(await untilNext()).toBe('HTTP/1.1 413');
  answers = '';
  client.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  expect(await untilNext()).toBe('HTTP/1.1 200');
  client.destroy();
});
