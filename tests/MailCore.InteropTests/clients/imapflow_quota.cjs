// Asks for the quota and is told of a mailbox that fills up, by imapflow: what it found, as JSON.
const { ImapFlow } = require('imapflow');

const [port, user, pass] = process.argv.slice(2);

(async () => {
    const client = new ImapFlow({ host: '127.0.0.1', port: Number(port), secure: true, auth: { user, pass }, tls: { rejectUnauthorized: false }, logger: false });
    await client.connect();
    const said = { capable: client.capabilities.has('QUOTA') };
    said.quota = await client.getQuota('INBOX');
    said.appended = Boolean(await client.append('INBOX', 'Subject: fits\r\n\r\nx\r\n'));
    said.code = await client.append('INBOX', `Subject: too large\r\n\r\n${'y'.repeat(20000)}\r\n`).then(() => 'none', error => error.serverResponseCode || String(error));
    said.after = await client.getQuota();
    await client.logout();
    console.log(JSON.stringify(said));
})().catch(error => {
    console.error(error);
    process.exit(1);
});
