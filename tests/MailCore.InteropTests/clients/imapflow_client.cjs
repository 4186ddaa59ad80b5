// Works on a mailbox by imapflow: imapflow_client.cjs PORT USER PASSWORD
// What it saw is printed as one line of JSON.
const { ImapFlow } = require('imapflow');

const [port, user, pass] = process.argv.slice(2);
const sent = [];
const client = new ImapFlow({
    host: '127.0.0.1', port: Number(port), secure: true, auth: { user, pass },
    tls: { rejectUnauthorized: false },
    clientInfo: { name: 'interop', version: '1' },
    logger: { debug() {}, info() {}, warn() {}, error() {}, trace() {} },
    emitLogs: true,
});
client.on('log', entry => { if (entry.src === 'c' && entry.msg) sent.push(String(entry.msg)); });

async function main() {
    const said = {};
    await client.connect();
    said.id = client.serverInfo;
    said.enabled = [...client.enabled].sort();
    said.compressed = !!client._inflate;

    await client.mailboxCreate('Post');
    said.specialUse = (await client.list()).filter(box => box.specialUse).map(box => `${box.path} ${box.specialUse}`).sort();

    // A message with NULs, which only a literal8 can carry.
    const binary = Buffer.concat([Buffer.from('Subject: binary\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n'), Buffer.from([0, 1, 2, 0, 255, 13, 10])]);
    said.appended = (await client.append('INBOX', binary, ['\\Flagged'])).uid;
    const lock = await client.getMailboxLock('INBOX');
    try {
        said.exists = client.mailbox.exists;
        said.modseq = client.mailbox.highestModseq !== undefined && client.mailbox.highestModseq > 0n;
        const encoded = await client.fetchOne('1', { bodyStructure: true, emailId: true, flags: true });
        said.structure = encoded.bodyStructure.childNodes.map(part => `${part.part} ${part.type} ${part.encoding}`);
        said.emailId = !!encoded.emailId;
        const parts = await client.fetchOne('1', { bodyParts: [{ key: '2' }] }, { binary: true });
        said.attachment = parts.bodyParts.get('2').toString('base64');
        const fetched = await client.fetchOne(String(client.mailbox.exists), { source: true }, { binary: true });
        said.binary = fetched.source.equals(binary);
        await client.messageFlagsAdd('1', ['\\Seen', 'Work']);
        said.flags = [...(await client.fetchOne('1', { flags: true })).flags].filter(flag => flag !== '\\Recent').sort();
        said.search = await client.search({ subject: 'binary' });
        said.moved = (await client.messageMove('2', 'Post')).uidMap.size;
        said.left = client.mailbox.exists;
        const large = Buffer.from('Subject: large\r\n\r\n' + 'a line that says little\r\n'.repeat(50000));
        said.large = (await client.append('INBOX', large)).uid;
        said.status = await client.status('Post', { messages: true, unseen: true });
        const back = await client.fetchOne('*', { source: true });
        said.same = back.source.equals(large);
    } finally {
        lock.release();
    }

    // Tells that it waits; a line of input says that a message was delivered.
    const told = new Promise(resolve => client.once('exists', data => resolve(data.count)));
    const idle = client.idle();
    await new Promise(resolve => setTimeout(resolve, 500));
    console.log('idle');
    said.told = await told;
    await client.noop();
    await idle;
    said.sent = sent.map(line => line.replace(/^\S+ /, '')).filter(line => !line.startsWith('LOGIN') && !line.startsWith('AUTHENTICATE'));
    await client.logout();
    console.log(JSON.stringify(said, (key, value) => typeof value === 'bigint' ? String(value) : value instanceof Map ? [...value] : value));
}

main().then(() => process.exit(0), error => { console.error(error); process.exit(1); });
