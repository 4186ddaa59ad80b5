// Lists and reads what another user has opened, by imapflow: what it found, as JSON.
const { ImapFlow } = require('imapflow');

const [port, user, pass, path] = process.argv.slice(2);

(async () => {
    const client = new ImapFlow({ host: '127.0.0.1', port: Number(port), secure: true, auth: { user, pass }, tls: { rejectUnauthorized: false }, logger: false });
    await client.connect();
    const said = { acl: client.capabilities.has('ACL') };
    const mailboxes = await client.list();
    said.namespaces = (client.namespaces.other || []).map(one => one.prefix);
    said.found = mailboxes.filter(one => one.path === path).map(one => ({ path: one.path, listed: one.listed, selectable: !one.flags.has('\\Noselect') && !one.flags.has('\\NonExistent') }));
    said.specialUses = mailboxes.filter(one => one.specialUse === '\\Sent').map(one => one.path);
    await client.mailboxSubscribe(path);
    const mailbox = await client.mailboxOpen(path);
    said.readOnly = mailbox.readOnly;
    said.permanentFlags = [...mailbox.permanentFlags];
    const message = await client.fetchOne('1', { source: true, flags: true });
    said.source = message.source.toString('latin1');
    said.seen = await client.messageFlagsAdd('1', ['\\Seen']);
    said.flagged = await client.messageFlagsAdd('1', ['\\Flagged']).catch(() => false);
    said.copied = Boolean(await client.messageCopy('1', 'INBOX'));
    await client.logout();
    console.log(JSON.stringify(said));
})().catch(error => {
    console.error(error);
    process.exit(1);
});
