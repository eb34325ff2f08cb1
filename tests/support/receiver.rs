//! HTTP servers that do what they are told to, and remember what they were sent.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What came in. Names of headers are in lower case.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("no JSON: {e}: {}", self.body))
    }
}

/// What a server does with a request.
#[derive(Clone)]
pub enum Reply {
    /// A status with its word, further headers, and a body.
    Answer(&'static str, Vec<(&'static str, String)>, String),
    /// Says nothing, and does not close.
    Hang,
    /// Says so little at a time that it is never done.
    Drip,
    /// Closes in the middle of the answer's head.
    Close,
    /// Closes in the middle of the answer's body.
    Cut,
}

impl Reply {
    pub fn status(status: &'static str) -> Reply {
        Reply::Answer(status, vec![], String::new())
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server on a port of its own. It lives as long as the test.
pub struct Receiver {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    pub fn new(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Receiver {
        Receiver::listen(None, Arc::new(handler))
    }

    /// With TLS; certificate and key are PEM.
    pub fn tls(certificate: &str, key: &str) -> Receiver {
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        Receiver::listen(Some(Arc::new(config)), Arc::new(|_: &Request| Reply::status("200 OK")))
    }

    /// Does one after the other, and then the last for ever.
    pub fn scripted(replies: Vec<Reply>) -> Receiver {
        let left = Mutex::new(replies);
        Receiver::new(move |_| {
            let mut left = left.lock().unwrap();
            if left.len() > 1 { left.remove(0) } else { left[0].clone() }
        })
    }

    fn listen(tls: Option<Arc<ServerConfig>>, handler: Arc<Handler>) -> Receiver {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let requests = Arc::new(Mutex::new(vec![]));
        let seen = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (tls, handler, seen) = (tls.clone(), handler.clone(), seen.clone());
                thread::spawn(move || match tls {
                    None => serve(stream, &*handler, &seen),
                    Some(config) => {
                        let connection = ServerConnection::new(config).unwrap();
                        serve(StreamOwned::new(connection, stream), &*handler, &seen);
                    }
                });
            }
        });
        Receiver { port, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// A port on which nobody listens.
pub fn closed_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// One request of one connection.
fn serve(stream: impl Read + Write, handler: &Handler, seen: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    let Some(request) = read(&mut reader) else { return };
    seen.lock().unwrap().push(request.clone());
    let reply = handler(&request);
    let stream = reader.get_mut();
    match reply {
        Reply::Answer(status, headers, body) => {
            let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
            let _ = stream.flush();
        }
        Reply::Hang => thread::sleep(Duration::from_secs(60)),
        Reply::Drip => {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nX-Slow: ");
            while stream.write_all(b"x").and_then(|()| stream.flush()).is_ok() {
                thread::sleep(Duration::from_millis(50));
            }
        }
        Reply::Close => {
            let _ = write!(stream, "HTTP/1.1 200 ");
        }
        Reply::Cut => {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{{");
        }
    }
}

fn read<S: Read>(reader: &mut BufReader<S>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8(body).ok()? })
}
