// Searches a mailbox by imapflow: imapflow_search.cjs PORT USER PASSWORD QUERIES
// The queries are a list in JSON; what each found is printed as one line of JSON.
const { ImapFlow } = require('imapflow');

const [port, user, pass, queries] = process.argv.slice(2);
const client = new ImapFlow({ host: '127.0.0.1', port: Number(port), secure: true, auth: { user, pass }, tls: { rejectUnauthorized: false }, logger: false });

async function main(queries) {
    await client.connect();
    const lock = await client.getMailboxLock('INBOX');
    const found = [];
    for (const query of queries) {
        for (const key of ['since', 'before', 'on', 'sentSince', 'sentBefore', 'sentOn']) {
            if (query[key]) query[key] = new Date(query[key]);
        }
        found.push(await client.search(query, { uid: true }));
    }
    lock.release();
    await client.logout();
    console.log(JSON.stringify(found));
}

main(JSON.parse(queries)).then(() => process.exit(0), error => { console.error(error); process.exit(1); });
