import t from 'tap';
import {loadSettings} from '../../../agent/config/load.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {put} from '../image/base.ts';
import {defaultConfig} from './host.ts';

t.test('the product accepts the configuration that the lab writes', async t => {
  const root = await temporaryFolder(t);
  const instance = {
    index: 1,
    id: 'i-0',
    ip: '10.77.0.11',
    zone: 'eu-west-1a',
    app: 'web',
    channel: 'production',
    gitUrl: 'http://10.77.0.4/app.git',
  };
  await put(root, '/etc/release-agent/config.d/50-lab.toml', defaultConfig(instance));
  const settings = await loadSettings({root});
  t.match(settings, {
    app: 'web',
    store: {kind: 'consul'},
    activate: {units: ['web.service']},
    traffic: {drain: {ports: [8080]}},
  });
  t.ok(settings.install.ebs && settings.install.git);
});
