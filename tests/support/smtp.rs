//! A real SMTP server: Python's aiosmtpd.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::tools;

/// Prints its port, then each message as a line of JSON. Recipients `later@…` are deferred once, `never@…` are refused.
const SERVER: &str = r#"
import asyncio, json, ssl, sys
from email import message_from_bytes, policy
from aiosmtpd.smtp import SMTP, AuthResult

class Handler:
    deferred = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("later@") and not self.deferred:
            self.deferred = True
            return "451 4.7.1 greylisted"
        if address.startswith("never@"):
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        told = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "signed in": session.authenticated,
                "headers": {k.lower(): str(v) for k, v in message.items()}, "body": message.get_content()}
        print(json.dumps(told), flush=True)
        return "250 OK"

def authenticate(server, session, envelope, mechanism, data):
    good = getattr(data, "login", None) == b"user" and getattr(data, "password", None) == b"p@ss hush"
    return AuthResult(success=good, handled=False)

async def main(mode, *files):
    context = None
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
    handler, options = Handler(), {"hostname": "localhost", "enable_SMTPUTF8": True}
    if mode == "starttls":
        options.update(tls_context=context, require_starttls=True)
    if mode != "plain":
        options.update(authenticator=authenticate, auth_required=True, auth_require_tls=mode == "starttls")
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, **options), "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main(*sys.argv[1:]))
"#;

/// A server that ends with the test.
pub struct Smtp {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub port: u16,
}

impl Smtp {
    /// `mode` is `plain`, or `starttls` or `tls` with the files of a certificate and its key.
    pub fn start(mode: &[&str]) -> Smtp {
        let python = tools::pip("smtp", &["aiosmtpd>=1.4.6,<2"]).join("python");
        let mut command = Command::new(python);
        command.args(["-c", SERVER]).args(mode).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python");
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        let mut server = Smtp { child, lines, port: 0 };
        server.port = server.line().trim().parse().expect("a port");
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line of the server");
        line
    }

    /// The next message that it took.
    pub fn message(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("JSON")
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
