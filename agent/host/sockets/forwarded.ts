import {readdir, readFile} from 'node:fs/promises';

/** True when Docker forwards the port into a container: what listens on it here sees none of the connections from outside. */
export const isForwarded = async (port: number): Promise<boolean> => {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.some(line => forwards(line.split('\0'), port));
};

// docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 80 -container-ip 172.17.0.2 -container-port 8080
const forwards = (words: readonly string[], port: number): boolean => {
  const isProxy = words.slice(0, 2).some(word => word === 'docker-proxy' || word.endsWith('/docker-proxy'));
  return isProxy && words[words.indexOf('-host-port') + 1] === String(port);
};
