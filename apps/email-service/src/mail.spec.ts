import { readConfig } from './config.js';
import { isGiftCard, mailFor } from './mail.js';

const order = { orderId: 'o-1', run: 'r', customer: 'Ada', email: 'ada@example.com', item: 'tea', total: 1250 };

describe('the mail for an order', () => {
  it('says what was ordered, to whom it belongs', () => {
    expect(mailFor(order, 'g:t:0:7')).toMatchObject({
      to: 'ada@example.com',
      subject: 'Your order o-1',
      text: expect.stringContaining('tea for 12.50') as string,
    });
  });

  it('is the same mail when the same record is handled again, and another for another record', () => {
    expect(mailFor(order, 'g:t:0:7').messageId).toBe(mailFor(order, 'g:t:0:7').messageId);
    expect(mailFor(order, 'g:t:0:7').messageId).not.toBe(mailFor(order, 'g:t:0:8').messageId);
    expect(mailFor(order, 'g:t\r\n:0:7').messageId).toMatch(/^<[\w.@-]+>$/);
  });
});

describe('a gift card', () => {
  it('is what no mail is written for yet', () => {
    expect([isGiftCard(order), isGiftCard({ item: 'a gift card' })]).toEqual([false, true]);
    const env = { DATABASE_URL: 'postgres://h/d', SMTP_URL: 'y' };
    expect([readConfig(env).giftCards, readConfig({ ...env, GIFT_CARDS: '1' }).giftCards]).toEqual([false, true]);
  });
});

describe('the environment of the email service', () => {
  it('names what is missing', () => {
    expect(() => readConfig({})).toThrow('set DATABASE_URL');
    expect(() => readConfig({ DATABASE_URL: 'x' })).toThrow('SMTP_URL is missing');
    expect(() => readConfig({ DATABASE_URL: 'x', SMTP_URL: 'y', SESSION_TIMEOUT_MS: '5' })).toThrow(
      'SESSION_TIMEOUT_MS',
    );
  });
});
