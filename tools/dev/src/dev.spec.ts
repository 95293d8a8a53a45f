import { createTransport } from 'nodemailer';
import { readArguments, UsageError } from './arguments.js';
import { escapeHtml, inboxPage } from './inbox-page.js';
import { startInbox } from './inbox.js';
import { problemsOf, type Result } from './result.js';

describe('the command line of npm start', () => {
  it('has defaults', () => {
    expect(readArguments([])).toMatchObject({ once: false, orders: 12, customers: 20, killOne: false, port: 3000 });
    expect(readArguments(['--once'])).toMatchObject({ once: true, orders: 200, poison: 0, rollingRestart: false });
    expect(readArguments(['--once', '--poison', '3', '--rolling-restart'])).toMatchObject({
      poison: 3,
      rollingRestart: true,
    });
    expect(readArguments(['--once', '--orders', '7', '--kill-one'])).toMatchObject({ orders: 7, killOne: true });
    const cluster = { cluster: true, metadata: 'etcd', killLeader: true, dataDir: '.postlog/dev-cluster-etcd' };
    expect(readArguments(['--cluster', '--once', '--metadata', 'etcd', '--kill-leader'])).toMatchObject(cluster);
  });

  it.each([
    [['--order', '3'], 'did you mean --orders?'],
    [['--orders', 'many'], 'whole number'],
    [['--orders', '0'], 'whole number'],
    [['--orders'], 'orders'],
    [['--kill-one'], 'goes with --once'],
    [['--rolling-restart'], 'goes with --once'],
    [['--poison', '1'], 'goes with --once'],
    [['--once', '--orders', '2', '--poison', '3'], 'from 0 to 2'],
    [['--kill-leader', '--once'], 'goes with --cluster --once'],
    [['--kill-leader', '--cluster'], 'goes with --cluster --once'],
    [['--metadata', 'etcd'], 'goes with --cluster'],
    [['--cluster', '--metadata', 'zookeeper'], 'postgres or etcd'],
    [['--session-timeout', '3000'], 'goes with --cluster'],
    [['now'], 'now'],
  ])('%j is refused with the cure', (argv, message) => {
    expect(() => readArguments(argv)).toThrow(UsageError);
    expect(() => readArguments(argv)).toThrow(message);
  });
});

describe('the inbox', () => {
  it('takes mails over SMTP and shows them on a page and as JSON', async () => {
    const inbox = await startInbox();
    const mailer = createTransport(inbox.smtpUrl);
    await mailer.sendMail({
      from: 'a@b.example',
      to: 'ada@example.com',
      subject: '<b>tea</b>',
      text: 'hello',
      headers: { 'X-Order-Id': 'o-1', 'X-Run': 'r' },
    });
    expect(inbox.mails('r')).toMatchObject([{ to: 'ada@example.com', subject: '<b>tea</b>', orderId: 'o-1' }]);
    expect(inbox.mails('other')).toEqual([]);
    const page = await (await fetch(inbox.pageUrl)).text();
    expect(page).toContain('&lt;b&gt;tea&lt;/b&gt;');
    expect(page).not.toContain('<b>tea');
    expect(await (await fetch(`${inbox.pageUrl}mails`)).json()).toMatchObject([{ orderId: 'o-1' }]);
    mailer.close();
    await inbox.close();
  });

  it('shows every part of a mail as text', () => {
    const evil = `<img src=x onerror='alert("&")'>`;
    const mail = { messageId: evil, to: evil, subject: evil, text: evil, orderId: evil, run: evil, receivedAt: evil };
    expect(inboxPage([mail])).not.toContain('<img');
    expect(escapeHtml(evil)).toBe('&lt;img src=x onerror=&#39;alert(&quot;&amp;&quot;)&#39;&gt;');
  });
});

describe('the result of a run', () => {
  const good: Result = {
    orders: 3,
    mails: 3,
    confirmed: 3,
    analytics: 3,
    partitions: 4,
    emailProcesses: { 'email-1': 1, 'email-2': 2 },
    outOfOrder: 0,
    seconds: 1,
  };

  const expected = { orders: 3, killOne: false, killLeader: false };

  it('is good when every order was mailed, confirmed and counted', () => {
    expect(problemsOf(good, expected)).toEqual([]);
    expect(problemsOf({ ...good, repeatedMails: 1 }, { ...expected, killOne: true })).toEqual([]);
    const survived = { ...good, repeatedMails: 1, lost: 0, failoverMs: 9_000, isrRestoredMs: 2_000 };
    expect(problemsOf(survived, { ...expected, killLeader: true })).toEqual([]);
  });

  it.each([
    [{ mails: 2 }, 'orders mailed: 2 of 3'],
    [{ confirmed: 0 }, 'orders confirmed: 0 of 3'],
    [{ analytics: 4 }, 'analytics: 4 of 3'],
    [{ outOfOrder: 1 }, 'out of order'],
    [{ repeatedMails: 1 }, 'sent twice'],
    [{ lost: 1 }, 'not in the log'],
    [{ duplicatedEffects: 2 }, '2 effects happened twice'],
  ])('%j is a problem', (change, problem) => {
    expect(problemsOf({ ...good, ...change }, expected)).toEqual([expect.stringContaining(problem)]);
  });

  it('is good when poison orders were dead letters, and went back', () => {
    const poisoned = { ...expected, poison: 3 };
    expect(problemsOf({ ...good, deadLetters: 3, requeued: 3 }, poisoned)).toEqual([]);
    for (const figures of [{}, { deadLetters: 3, requeued: 2 }, { deadLetters: 2, requeued: 3 }])
      expect(problemsOf({ ...good, ...figures }, poisoned)).toEqual([expect.stringContaining('of 3 poison orders')]);
  });

  it.each([
    [{ isrRestoredMs: 1 }, 'by a successor'],
    [{ failoverMs: 1 }, 'in sync again'],
  ])('only %j after a leader was killed is a problem', (figures, problem) => {
    expect(problemsOf({ ...good, lost: 0, ...figures }, { ...expected, killLeader: true })).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});
