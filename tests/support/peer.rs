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

/// A server's error message on the wire.
pub fn error(code: &str, message: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    for (kind, text) in [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', code), (b'M', message)] {
        fields.push(kind);
        fields.extend(text.as_bytes());
        fields.push(0);
    }
    fields.push(0);
    let length = u32::try_from(fields.len() + 4).expect("a short message");
    [b"E".as_slice(), &length.to_be_bytes(), &fields].concat()
}
