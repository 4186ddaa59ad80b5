// Sends a file by nodemailer: nodemailer_client.cjs MODULES PORT plain|starttls|tls|lmtp USER:PASSWORD|- SENDER RECIPIENT,... FILE
const fs = require('fs');
const path = require('path');

const [modules, port, security, login, from, to, file] = process.argv.slice(2);
const nodemailer = require(path.join(modules, 'nodemailer'));
const colon = login.indexOf(':');
const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(port),
  name: 'client.example',
  secure: security === 'tls',
  requireTLS: security === 'starttls',
  ignoreTLS: security === 'plain' || security === 'lmtp',
  lmtp: security === 'lmtp',
  auth: login === '-' ? undefined : { user: login.slice(0, colon), pass: login.slice(colon + 1) },
  tls: { rejectUnauthorized: false },
});
transport.sendMail({ envelope: { from, to: to.split(',') }, raw: fs.readFileSync(file) }).then((info) => {
  info.accepted.forEach((address) => console.log('accepted', address));
  info.rejectedErrors?.forEach((error) => console.log('rejected', error.recipient, error.responseCode));
}).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
