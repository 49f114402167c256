/** What tells one release of the application from another. */
export interface Edition {
  readonly release: number;
  /** zones that have the cache it needs; `null`: it needs none */
  readonly cacheIn: readonly string[] | null;
}

/** How long `/slow` takes: longer than a switch without a drain would allow. */
export const SLOW_MS = 2_000;

/** Without its cache a release is healthy until so many clients were answered: long after any gate, soon under load. */
const STRAIN = 5;

/** The application of the demo: one file, started with PORT and ZONE. It is killed by SIGTERM like any plain program. */
export const APPLICATION = {
  file: 'app.mjs',
  source: ({release, cacheIn}: Edition): string => `import {createServer} from 'node:http';

const release = ${release};
const cacheIn = ${JSON.stringify(cacheIn)};
const zone = process.env.ZONE;
const cached = cacheIn === null || cacheIn.includes(zone);
let answered = 0;

const server = createServer((request, response) => {
  response.setHeader('x-release', release);
  if (request.url === '/healthz') {
    const healthy = cached || answered < ${STRAIN};
    response.writeHead(healthy ? 200 : 503);
    response.end(healthy ? 'ok' : \`there is no cache in \${zone}\`);
    return;
  }
  answered += 1;
  if (request.url === '/slow') setTimeout(() => response.end(\`release \${release}, slowly\\n\`), ${SLOW_MS});
  else response.end(\`release \${release}\\n\`);
});
// longer than the load balancer keeps an idle connection: else it may send into one that just closes
server.keepAliveTimeout = 120_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
`,
} as const;
