//! Scripted peers: things that listen on a port and are no PostgreSQL, or one that says what it is told to say.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a peer does with a connection.
#[derive(Clone)]
pub enum Act {
    /// Closes it at once.
    Close,
    /// Says nothing.
    Silence,
    /// Speaks first.
    Greet(&'static [u8]),
    /// Answers the first message with this, and closes.
    Answer(Vec<u8>),
    /// Answers the request for TLS with `N`, then the start-up message with this.
    Plain(Vec<u8>),
    /// Answers each message with the next of these; after the last one it says nothing, or closes.
    Script(Vec<Vec<u8>>, End),
}

/// How a script ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Whoever asks more waits.
    Silence,
    /// Whoever asks more is alone.
    Close,
}

/// Listens on a free port for as long as the runtime lives.
pub async fn listen(act: Act) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("its number").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let act = act.clone();
            tokio::spawn(async move {
                let mut heard = [0; 1024];
                match act {
                    Act::Close => {}
                    Act::Silence => while stream.read(&mut heard).await.is_ok_and(|length| length > 0) {},
                    Act::Greet(words) => {
                        let _ = stream.write_all(words).await;
                        let _ = stream.read(&mut heard).await;
                    }
                    Act::Answer(words) => {
                        let _ = stream.read(&mut heard).await;
                        let _ = stream.write_all(&words).await;
                    }
                    Act::Plain(words) => {
                        // A request for TLS is eight bytes long; a start-up message is longer.
                        if stream.read(&mut heard).await.is_ok_and(|length| length == 8) {
                            let _ = stream.write_all(b"N").await;
                            let _ = stream.read(&mut heard).await;
                        }
                        let _ = stream.write_all(&words).await;
                    }
                    Act::Script(answers, end) => {
                        for answer in answers {
                            let _ = stream.read(&mut heard).await;
                            let _ = stream.write_all(&answer).await;
                        }
                        let _ = stream.read(&mut heard).await;
                        if end == End::Silence {
                            while stream.read(&mut heard).await.is_ok_and(|length| length > 0) {}
                        }
                    }
                }
            });
        }
    });
    port
}

/// A port on which nothing listens.
pub async fn closed_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// A server's last words.
pub fn error(code: &str, message: &str) -> Vec<u8> {
    report("FATAL", code, message)
}

/// What a server says to a statement that it refuses.
pub fn refusal(code: &str, message: &str) -> Vec<u8> {
    [report("ERROR", code, message), ready()].concat()
}

/// What it says to whoever may begin a session.
pub fn welcome() -> Vec<u8> {
    [message(b'R', &0_u32.to_be_bytes()), ready()].concat()
}

/// What it says to a statement without rows.
pub fn done() -> Vec<u8> {
    [message(b'C', b"SET\0"), ready()].concat()
}

/// One row of texts, by the names of its columns.
pub fn row(columns: &[(&str, &str)]) -> Vec<u8> {
    let count = u16::try_from(columns.len()).expect("few columns").to_be_bytes();
    let (mut names, mut values) = (count.to_vec(), count.to_vec());
    for (name, value) in columns {
        // no table, the type text, of any length and in the form of text
        names.extend([name.as_bytes(), &[0; 7], &25_u32.to_be_bytes(), &[255; 6], &[0; 2]].concat());
        values.extend(u32::try_from(value.len()).expect("a short value").to_be_bytes());
        values.extend(value.as_bytes());
    }
    [message(b'T', &names), message(b'D', &values), message(b'C', b"SELECT 1\0"), ready()].concat()
}

fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

/// A server's report on the wire.
fn report(severity: &str, code: &str, words: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    for (kind, text) in [(b'S', severity), (b'V', severity), (b'C', code), (b'M', words)] {
        fields.push(kind);
        fields.extend(text.as_bytes());
        fields.push(0);
    }
    fields.push(0);
    message(b'E', &fields)
}

fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).expect("a short message");
    [&[kind], length.to_be_bytes().as_slice(), content].concat()
}
