/** A mail as the inbox keeps it. */
export interface ReceivedMail {
  readonly messageId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly orderId: string;
  readonly run: string;
  readonly receivedAt: string;
}

/** The newest mails as a small page. Mails come from anywhere, so every part of them is text, never markup. */
export function inboxPage(mails: readonly ReceivedMail[]): string {
  const rows = mails.map(
    (mail) => `<tr><td>${escapeHtml(mail.receivedAt)}</td><td>${escapeHtml(mail.to)}</td>
<td>${escapeHtml(mail.subject)}</td><td><pre>${escapeHtml(mail.text)}</pre></td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="2">
<title>Inbox (${mails.length})</title>
<style>body{font:14px system-ui;margin:2em}td,th{padding:.3em 1em;text-align:left;vertical-align:top}pre{margin:0}</style>
<h1>Inbox</h1>
<p>The newest mails of the sample shop; as JSON at <a href="/mails">/mails</a>.</p>
<table><tr><th>received</th><th>to</th><th>subject</th><th>text</th></tr>
${rows.join('\n')}
</table>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
