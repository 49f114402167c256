import t from 'tap';
import {callerText} from '../../../../agent/control/caller.ts';
import {isSameOperator, operatorOf} from '../../../../agent/core/fleet/operate/operator.ts';

t.test('who asked is one person, whichever way they came', async t => {
  for (const by of [
    'ada',
    callerText({uid: 1000, user: 'ada'}, 'ada'),
    callerText({uid: 0, user: 'root'}, 'ada'),
    callerText({uid: 0, user: null}, 'ada'),
    callerText(null, 'ada'),
  ]) {
    t.equal(operatorOf(by), 'ada', by);
    t.ok(isSameOperator(by, 'ada (7)'), by);
    t.notOk(isSameOperator(by, 'bob'), by);
  }
  t.equal(operatorOf(callerText({uid: 0, user: 'root'}, 'root')), 'root');
  t.notOk(isSameOperator(undefined, 'somebody'));
  t.equal(operatorOf('Ada Lovelace'), 'Ada Lovelace');
});
