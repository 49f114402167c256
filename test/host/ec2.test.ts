import {join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import {must} from '../lab/run.ts';

const MODULE = join(import.meta.dirname, '../../agent/host/ec2.ts');

/** What a process that makes a client, and maybe calls it, has loaded of the SDK. */
const loaded = async (call: string): Promise<number> => {
  const script = `
    import {createRequire} from 'node:module';
    const {createEc2} = await import(${JSON.stringify(MODULE)});
    const ec2 = createEc2({region: 'eu-west-1', endpoint: 'http://127.0.0.1:9', deadlineMs: 0});
    ${call}
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter(each => each.includes('@aws-sdk/client-ec2'));
    console.log(loaded.length);`;
  const env = {AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', NODE_OPTIONS: ''};
  return Number(await must([process.execPath, '--input-type=module', '-e', script], {env}));
};

t.test('the SDK is loaded by the first call, not by making the client', async t => {
  t.equal(await loaded(''), 0);
  const call = "await ec2.volume('vol-0123456789abcdef0', new AbortController().signal).catch(() => {});";
  t.ok((await loaded(call)) > 0);
});
