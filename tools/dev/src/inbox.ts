import { createServer, type Server } from 'node:http';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { inboxPage, type ReceivedMail } from './inbox-page.js';
import { listenOn } from './ports.js';

/** An SMTP server for development: takes every mail, keeps it in memory, shows it on a page and as JSON. */
export interface Inbox {
  readonly smtpUrl: string;
  readonly pageUrl: string;
  mails(run: string): readonly ReceivedMail[];
  close(): Promise<void>;
}

const SHOWN = 200;

export async function startInbox(): Promise<Inbox> {
  const mails: ReceivedMail[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData: (stream, _session, done) => {
      simpleParser(stream).then(
        (mail) => {
          mails.push(received(mail));
          done();
        },
        (error: Error) => done(error),
      );
    },
  });
  smtp.on('error', () => {}); // A client that vanished is no concern of ours.
  const smtpPort = await new Promise<number>((resolve) => {
    const listening = smtp.listen(0, '127.0.0.1', () => resolve((listening.address() as { port: number }).port));
  });

  const http: Server = createServer((request, response) => {
    const newest = [...mails.slice(-SHOWN)].reverse();
    const isJson = request.url === '/mails';
    response.setHeader('Content-Type', isJson ? 'application/json' : 'text/html; charset=utf-8');
    response.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
    response.end(isJson ? JSON.stringify(newest) : inboxPage(newest));
  });
  const httpPort = await listenOn(http, 0);
  return {
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    pageUrl: `http://127.0.0.1:${httpPort}/`,
    mails: (run) => mails.filter((mail) => mail.run === run),
    close: async () => {
      http.closeAllConnections();
      await Promise.all([
        new Promise((done) => http.close(done)),
        new Promise<void>((done) => smtp.close(() => done())),
      ]);
    },
  };
}

function received(mail: ParsedMail): ReceivedMail {
  const header = (name: string) => {
    const value = mail.headers.get(name);
    return typeof value === 'string' ? value : '';
  };
  const to = Array.isArray(mail.to) ? mail.to.map(({ text }) => text).join(', ') : (mail.to?.text ?? '');
  return {
    to,
    messageId: mail.messageId ?? '',
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    orderId: header('x-order-id'),
    run: header('x-run'),
    receivedAt: new Date().toISOString(),
  };
}
