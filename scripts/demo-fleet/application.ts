/** What tells one release of the application from another. */
export interface Edition {
  readonly release: number;
  /** the database it is told to use; only the one called "orders" exists */
  readonly database: string;
}

export const DATABASE = 'orders';
/** How long `/slow` takes: longer than a switch without a drain would allow. */
export const SLOW_MS = 2_000;

/** The application of the demo: one file, started with the port in PORT. It is killed by SIGTERM like any plain program. */
export const APPLICATION = {
  file: 'app.mjs',
  source: ({release, database}: Edition): string => `import {createServer} from 'node:http';

const release = ${release};
const database = '${database}';
const healthy = database === '${DATABASE}';

const server = createServer((request, response) => {
  response.setHeader('x-release', release);
  if (request.url === '/healthz') {
    response.writeHead(healthy ? 200 : 503);
    response.end(healthy ? 'ok' : \`there is no database "\${database}"\`);
  } else if (request.url === '/slow') {
    setTimeout(() => response.end(\`release \${release}, slowly\\n\`), ${SLOW_MS});
  } else {
    response.end(\`release \${release}\\n\`);
  }
});
// longer than the load balancer keeps an idle connection: else it may send into one that just closes
server.keepAliveTimeout = 120_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
`,
} as const;
