/**
 * Stands in for the one native file of AWS's runtime client, which would have to be compiled: the same four functions,
 * on node:http. Loaded before the client by `--require`, as Lambda's own bootstrap starts it from /var/runtime.
 */

const http = require('node:http');
const { Module } = require('node:module');

const agent = new http.Agent({ keepAlive: true });
let address;
/** The answer to the last invocation, which must have arrived before the next one is asked for. */
let posted = Promise.resolve();

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ ...address, agent, method, path, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ bodyJson: Buffer.concat(chunks).toString(), headers: response.headers }),
      );
    });
    request.on('error', reject).end(body);
  });
}

const invocation = '/2018-06-01/runtime/invocation';
const json = { 'content-type': 'application/json' };

const client = {
  initializeClient() {},
  async next() {
    await posted;
    return call('GET', `${invocation}/next`);
  },
  done(id, body) {
    posted = call('POST', `${invocation}/${id}/response`, body, json);
  },
  error(id, body) {
    posted = call('POST', `${invocation}/${id}/error`, body, json);
  },
};

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
address = { host, port };

const loadNative = Module._extensions['.node'];
Module._extensions['.node'] = (module, filename) => {
  if (filename.endsWith('rapid-client.node')) module.exports = client;
  else loadNative(module, filename);
};

process.chdir(process.env.LAMBDA_TASK_ROOT);
