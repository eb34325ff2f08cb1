//! Notices sent to real receivers on this machine: HTTP servers, an SMTP server, commands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dbaudit::evidence::{Confidence, Severity};
use dbaudit::history::Found;
use dbaudit::source::connection::Secret;
use dbaudit::watch::notification::{
    Address, Backoff, Channel, Command, Email, GitHub, GitLab, Http, Limits, Notice, SendError, Slack, Teams, Webhook,
    deliver,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use support::certificates::{Authority, write};
use support::receiver::{Receiver, Reply, Request, closed_port};
use support::smtp::Smtp;

/// Every secret of these tests has this word in it.
const HUSH: &str = "hush";

const LIMITS: Limits = Limits { connect: Duration::from_millis(500), total: Duration::from_millis(800) };

fn http() -> Http {
    Http::new(LIMITS)
}

fn address(url: &str) -> Address {
    Address::new(url).unwrap()
}

/// The address of a web hook, with a secret in its path.
fn hook(port: u16) -> Address {
    address(&format!("http://127.0.0.1:{port}/hook/{HUSH}"))
}

fn webhook(port: u16) -> Webhook {
    Webhook::new(http(), hook(port), Some(Secret::new(format!("key {HUSH}"))))
}

fn slack(port: u16) -> Slack {
    Slack::new(http(), hook(port))
}

fn found() -> Found {
    Found {
        rule: "missing-unique-pair".to_owned(),
        severity: Severity::High,
        confidence: Confidence::Medium,
        schema: "public".to_owned(),
        table: "<b> `seat` @everyone\n/close \u{202e}evil".to_owned(),
        columns: vec!["show_id".to_owned(), "*user*".to_owned()],
        state: "41e95493".to_owned(),
        guard: "unique".to_owned(),
        message: "seat can hold <!channel> the same twice, see https://evil.example #12".to_owned(),
        fingerprint: "26811e480358f228".to_owned(),
        sql: "CREATE UNIQUE INDEX \"```\" ON seat (show_id);".to_owned(),
    }
}

fn notice() -> Notice {
    Notice {
        id: "shop/42".to_owned(),
        source: "postgresql://auditor@db.example.com/shop".to_owned(),
        run: "42".to_owned(),
        at: "2026-11-25T14:00:00Z".to_owned(),
        new: vec![found()],
        fixed: vec![],
        failed: None,
        recovered: false,
        page: Some("https://audit.example/shop".to_owned()),
    }
}

/// The error of one attempt: it shows no secret and comes in time.
fn refused(channel: &dyn Channel) -> SendError {
    let began = Instant::now();
    let error = channel.send(&notice()).expect_err("it does not arrive");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}: {error}", began.elapsed());
    let shown = format!("{error} {error:?} {}", channel.name());
    assert!(!shown.contains(HUSH), "{shown}");
    error
}

/// Delivers without waiting; the pauses that were asked for.
fn delivered(channel: &dyn Channel) -> Vec<Duration> {
    let mut pauses = vec![];
    let result = deliver(channel, &notice(), &Backoff::default(), &mut |pause| {
        pauses.push(pause);
        true
    });
    assert_eq!(result, Ok(()));
    pauses
}

#[test]
fn hostile_text_stays_text() {
    let notice = Notice { fixed: vec![found()], failed: Some("no route\nto host <b>".to_owned()), ..notice() };
    insta::assert_snapshot!("notice_plain", notice.text());
    insta::assert_snapshot!("notice_markdown", notice.markdown());
}

#[test]
fn a_webhook_gets_everything_and_signed() {
    let receiver = Receiver::scripted(vec![Reply::status("204 No Content")]);
    webhook(receiver.port).send(&notice()).unwrap();
    let [request] = &receiver.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook/hush"));
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["idempotency-key"], "shop/42");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"key hush").unwrap();
    mac.update(request.body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(request.headers["x-dbaudit-signature"], format!("sha256={hex}"));
    let json = request.json();
    assert_eq!((&json["version"], &json["id"], &json["failed"]), (&json!(1), &json!("shop/42"), &Value::Null));
    assert_eq!(json["subject"], "dbaudit: 1 new finding in postgresql://auditor@db.example.com/shop");
    assert_eq!(json["new"][0]["severity"], "high");
    assert_eq!(serde_json::from_value::<Notice>(json).unwrap(), notice());
}

#[test]
fn a_receiver_that_fails_is_tried_again() {
    let busy = Reply::Answer("429 Too Many Requests", vec![("Retry-After", "7".to_owned())], String::new());
    let replies = vec![Reply::status("500 Internal Server Error"), busy, Reply::status("200 OK")];
    let receiver = Receiver::scripted(replies.clone());
    let pauses = delivered(&webhook(receiver.port));
    assert_eq!(pauses.len(), 2);
    assert!(pauses[0] <= Duration::from_secs(2) && pauses[1] >= Duration::from_secs(7), "{pauses:?}");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|r| r.headers["idempotency-key"] == "shop/42" && r.body == requests[0].body));
    // nothing was shown: Slack is told again, too
    assert_eq!(delivered(&slack(Receiver::scripted(replies).port)).len(), 2);
}

#[test]
fn what_may_have_arrived_is_told_again_only_where_doubles_are_recognised() {
    for (reply, text) in [
        (Reply::Hang, "127.0.0.1: did not answer in time"),
        (Reply::Drip, "127.0.0.1: did not answer in time"),
        (Reply::Close, "127.0.0.1: "),
        (Reply::status("504 Gateway Timeout"), "127.0.0.1: answered 504 Gateway Timeout"),
    ] {
        let receiver = Receiver::scripted(vec![reply]);
        let (recognised, shown) = (refused(&webhook(receiver.port)), refused(&slack(receiver.port)));
        assert!(recognised.text.starts_with(text), "{recognised}");
        assert!(recognised.retry && !shown.retry, "{recognised:?} {shown:?}");
        assert_eq!(receiver.requests().len(), 2, "one attempt is one request");
    }
    // a long answer that breaks off after the status: it has arrived
    slack(Receiver::scripted(vec![Reply::Cut]).port).send(&notice()).unwrap();
}

#[test]
fn what_cannot_have_arrived_is_told_again() {
    let error = refused(&slack(closed_port()));
    assert_eq!((error.text.as_str(), error.retry), ("127.0.0.1: connection refused", true));
    let unknown = Slack::new(http(), address("http://nobody.invalid/hush"));
    let error = refused(&unknown);
    assert!(error.text.starts_with("nobody.invalid: ") && error.retry, "{error:?}");
}

#[test]
fn nothing_is_sent_to_where_a_receiver_points() {
    let other = Receiver::scripted(vec![Reply::status("200 OK")]);
    for status in ["301 Moved Permanently", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let to = other.url("/hush");
        let receiver = Receiver::scripted(vec![Reply::Answer(status, vec![("Location", to)], String::new())]);
        let error = refused(&webhook(receiver.port));
        assert!(error.text.contains("redirects are not followed") && !error.retry, "{error:?}");
    }
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn what_is_wrong_for_good_is_not_tried_again() {
    for status in ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone"] {
        let receiver = Receiver::scripted(vec![Reply::Answer(status, vec![], format!("no such hook {HUSH}"))]);
        let error = refused(&webhook(receiver.port));
        assert!(error.text.contains(status) && !error.retry, "{error:?}");
    }
    // something that speaks another language
    let receiver = Receiver::scripted(vec![Reply::status("ok")]);
    assert!(refused(&slack(receiver.port)).text.starts_with("127.0.0.1: "));
}

#[test]
fn slack_gets_blocks() {
    let receiver = Receiver::scripted(vec![Reply::Answer("200 OK", vec![], "ok".to_owned())]);
    slack(receiver.port).send(&Notice { failed: Some("no <route>".to_owned()), ..notice() }).unwrap();
    insta::assert_json_snapshot!("notice_slack", receiver.requests()[0].json());
}

#[test]
fn teams_gets_a_card() {
    let receiver = Receiver::scripted(vec![Reply::status("202 Accepted")]);
    let teams = Teams::new(http(), hook(receiver.port));
    teams.send(&Notice { failed: Some("no <route>".to_owned()), ..notice() }).unwrap();
    insta::assert_json_snapshot!("notice_teams", receiver.requests()[0].json());
}

/// As much of a tracker as is used.
#[derive(Default)]
struct Tracked {
    issues: Vec<Value>,
    comments: Vec<(u64, Value)>,
    labels: Vec<Value>,
    /// Answers are lost from now on.
    lost: bool,
    /// The token may read only.
    reader: bool,
}

type Shared = Arc<Mutex<Tracked>>;

fn created(body: &Value) -> Reply {
    Reply::Answer("201 Created", vec![], body.to_string())
}

/// A page of a list.
fn page(items: &[Value], path: &str) -> Reply {
    assert!(path.contains("per_page=100"), "{path}");
    let number: usize = path.rsplit_once("page=").unwrap().1.parse().unwrap();
    let items: Vec<&Value> = items.iter().skip((number - 1) * 100).take(100).collect();
    Reply::Answer("200 OK", vec![], json!(items).to_string())
}

/// What GitHub and GitLab do alike: `body` and `number` are what they call these.
fn tracker(state: &Shared, request: &Request, root: &str, [body, number]: [&str; 2], notes: &str) -> Reply {
    let mut state = state.lock().unwrap();
    let path = request.path.strip_prefix(root).unwrap_or_else(|| panic!("{}", request.path));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let of_issue = path.strip_prefix("/issues/").map(|p| p.split_once('/').unwrap());
    if request.method == "POST" && state.reader {
        return Reply::status("403 Forbidden");
    }
    let reply = match (request.method.as_str(), path, of_issue) {
        ("GET", "/issues", _) => {
            assert!(query.starts_with("state=open") && query.contains("labels=dbaudit&"), "{query}");
            page(&state.issues, &request.path)
        }
        ("GET", _, Some((n, what))) if what == notes => {
            let of: Vec<Value> = state.comments.iter().filter(|c| c.0.to_string() == n).map(|c| c.1.clone()).collect();
            page(&of, &request.path)
        }
        ("POST", "/labels", _) if !state.labels.is_empty() => {
            Reply::status(if body == "body" { "422 Unprocessable Entity" } else { "409 Conflict" })
        }
        ("POST", "/labels", _) => {
            state.labels.push(request.json());
            created(&request.json())
        }
        ("POST", "/issues", _) => {
            let mut issue = request.json();
            assert!(issue[body].is_string() && issue["title"].is_string(), "{issue}");
            issue[number] = json!(state.issues.len() + 1);
            state.issues.push(issue.clone());
            created(&issue)
        }
        ("POST", _, Some((n, what))) if what == notes => {
            state.comments.push((n.parse().unwrap(), request.json()));
            created(&request.json())
        }
        other => panic!("{other:?}"),
    };
    if request.method == "POST" && state.lost { Reply::Close } else { reply }
}

/// What both do the same way.
fn tells_a_tracker(channel: &dyn Channel, state: &Shared, body: &str) {
    let count = || {
        let state = state.lock().unwrap();
        (state.issues.len(), state.comments.len())
    };
    // nothing to mend, nothing to open
    let quiet = Notice { new: vec![], fixed: vec![found()], ..notice() };
    channel.send(&quiet).unwrap();
    assert_eq!(count(), (0, 0));

    // without the right to label, no issue that would never be found again
    state.lock().unwrap().reader = true;
    assert!(!refused(channel).retry);
    assert_eq!(count(), (0, 0));
    state.lock().unwrap().reader = false;

    // the answer to the first attempt is lost: the second finds what it has brought there
    state.lock().unwrap().lost = true;
    assert!(refused(channel).retry, "the label");
    assert!(refused(channel).retry, "the issue");
    state.lock().unwrap().lost = false;
    channel.send(&notice()).unwrap();
    assert_eq!(count(), (1, 0), "opened once");
    {
        let state = state.lock().unwrap();
        assert_eq!(state.labels.len(), 1);
        assert_eq!(state.issues[0]["title"], "dbaudit: postgresql://auditor@db.example.com/shop");
        let text = state.issues[0][body].as_str().unwrap();
        assert!(text.contains("<!-- dbaudit source ") && !text.contains("@everyone\n"), "{text}");
        assert!(text.contains("\\<\\!channel\\>") || text.contains("\\<\\!\u{200b}channel\\>"), "{text}");
    }

    // a second event comments, once; with many comments before it
    let next = Notice { id: "shop/43".to_owned(), ..quiet };
    let other = (0..250).map(|n| (1, json!({"body": format!("me too {n}")})));
    state.lock().unwrap().comments.extend(other);
    state.lock().unwrap().lost = true;
    channel.send(&next).unwrap_err();
    state.lock().unwrap().lost = false;
    channel.send(&next).unwrap();
    assert_eq!(count(), (1, 251));

    // another source has an issue of its own, on whatever page that is
    let filler =
        (0..300).map(|n| json!({"title": "x", body: "about something else", "number": n + 900, "iid": n + 900}));
    state.lock().unwrap().issues.splice(0..0, filler);
    channel.send(&Notice { source: "other".to_owned(), id: "other/1".to_owned(), ..notice() }).unwrap();
    channel.send(&Notice { id: "shop/44".to_owned(), ..notice() }).unwrap();
    assert_eq!(count(), (302, 252));
    assert_eq!(state.lock().unwrap().comments.last().unwrap().0, 1);
}

#[test]
fn github_has_one_issue_for_each_source() {
    let state = Shared::default();
    let shared = state.clone();
    let receiver = Receiver::new(move |request| {
        assert_eq!(request.headers["authorization"], "Bearer token-hush");
        assert!(request.headers["user-agent"].starts_with("dbaudit/"));
        tracker(&shared, request, "/api/v3/repos/owner/my.repo", ["body", "number"], "comments")
    });
    let api = address(&receiver.url("/api/v3/"));
    let github = GitHub::new(http(), &api, "owner/my.repo", &Secret::new("token-hush")).unwrap();
    assert_eq!(github.name(), "github=owner/my.repo");
    tells_a_tracker(&github, &state, "body");

    // a pull request with the mark is no issue
    let mut state = state.lock().unwrap();
    let mut request = state.issues.pop().unwrap();
    request["pull_request"] = json!({"url": "x"});
    state.issues.push(request);
    drop(state);
    github.send(&Notice { source: "other".to_owned(), id: "other/2".to_owned(), ..notice() }).unwrap();
    assert_eq!(receiver.requests().last().unwrap().path, "/api/v3/repos/owner/my.repo/issues");

    // the limit on many requests
    let busy = Reply::Answer("403 Forbidden", vec![("Retry-After", "60".to_owned())], String::new());
    let receiver = Receiver::scripted(vec![busy]);
    let github = GitHub::new(http(), &address(&receiver.url("")), "o/r", &Secret::new("token-hush")).unwrap();
    assert_eq!(refused(&github).after, Some(Duration::from_secs(60)));
    for wrong in ["", "o", "o/", "o/r/x", "o/r?x", "../x"] {
        let made = GitHub::new(http(), &api, wrong, &Secret::new("x"));
        assert!(made.is_err(), "{wrong}");
    }
}

#[test]
fn gitlab_has_one_issue_for_each_source() {
    let state = Shared::default();
    let shared = state.clone();
    let receiver = Receiver::new(move |request| {
        assert_eq!(request.headers["private-token"], "token-hush");
        tracker(&shared, request, "/api/v4/projects/group%2Fsub%2Fproject", ["description", "iid"], "notes")
    });
    let api = address(&receiver.url("/api/v4"));
    let gitlab = GitLab::new(http(), &api, "group/sub/project", &Secret::new("token-hush")).unwrap();
    assert_eq!(gitlab.name(), "gitlab=group/sub/project");
    tells_a_tracker(&gitlab, &state, "description");
    assert!(GitLab::new(http(), &api, "project", &Secret::new("x")).is_err());
}

#[test]
fn a_token_that_http_cannot_carry_is_not_shown() {
    let receiver = Receiver::scripted(vec![Reply::status("200 OK")]);
    let token = Secret::new("token\nhush");
    let error = refused(&GitHub::new(http(), &address(&receiver.url("")), "o/r", &token).unwrap());
    assert!(error.text.contains("characters that HTTP does not take"), "{error}");
}

fn email(to: &str, url: &str) -> Email {
    Email::new(to, "dbaudit <dbaudit@example.com>", &Secret::new(url), Duration::from_millis(500)).unwrap()
}

#[test]
fn mail_arrives_once() {
    let mut server = Smtp::start(&["plain"]);
    let url = format!("smtp://localhost:{}?tls=none", server.port);
    let hostile = Notice { source: "shop ünï\r\nBcc: thief@example.org".to_owned(), ..notice() };
    email("Ops <ops@example.com>,dba@example.com", &url).send(&hostile).unwrap();
    let told = server.message();
    assert_eq!(
        (&told["from"], &told["to"]),
        (&json!("dbaudit@example.com"), &json!(["ops@example.com", "dba@example.com"]))
    );
    let (headers, body) = (&told["headers"], told["body"].as_str().unwrap());
    assert_eq!(headers["subject"], "dbaudit: 1 new finding in shop ünï  Bcc: thief@example.org");
    assert_eq!((&headers["bcc"], &headers["auto-submitted"]), (&Value::Null, &json!("auto-generated")));
    assert_eq!(body.replace("\r\n", "\n").trim_end(), hostile.text().trim_end());

    // deferred, then taken, under the same name
    let later = email("later@example.com", &url);
    assert!(refused(&later).text.contains("answered 451"));
    assert_eq!(delivered(&later).len(), 0);
    let id = |told: &Value| told["headers"]["message-id"].as_str().unwrap().to_owned();
    let first = id(&server.message());
    later.send(&notice()).unwrap();
    assert_eq!(id(&server.message()), first);
    later.send(&Notice { id: "shop/43".to_owned(), ..notice() }).unwrap();
    assert_ne!(id(&server.message()), first);

    let error = refused(&email("never@example.com", &url));
    assert!(error.text.contains("answered 550") && !error.retry, "{error:?}");
    // it has no TLS, so it gets no password
    let error = refused(&email("a@example.com", &format!("smtp://user:hush@localhost:{}", server.port)));
    assert!(!error.retry && error.text.contains("STARTTLS"), "{error:?}");
}

#[test]
fn a_mail_server_that_hangs_or_is_gone_is_given_up() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let error = refused(&email("a@example.com", &format!("smtps://user:hush@127.0.0.1:{port}")));
    assert!(error.retry, "{error:?}");
    let error = refused(&email("a@example.com", &format!("smtp://127.0.0.1:{}?tls=none", port)));
    assert!(error.retry && error.text.contains("in time"), "{error:?}");
    // one that greets for ever
    let slow = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = slow.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = slow.accept().unwrap();
        while stream.write_all(b"220-hello\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let error = refused(&email("a@example.com", &format!("smtp://127.0.0.1:{port}?tls=none")));
    assert!(error.retry && error.text.contains("in time"), "{error:?}");
    let error = refused(&email("a@example.com", &format!("smtp://user:hush@127.0.0.1:{}", closed_port())));
    assert!(error.retry && error.text.contains("cannot be reached"), "{error:?}");
}

/// The trusted authorities are those of the process, so that this test runs itself in another one.
#[test]
fn tls_is_wanted_and_verified() {
    const FOLDER: &str = "DBAUDIT_TEST_CERTIFICATES";
    let Some(folder) = std::env::var_os(FOLDER) else {
        // what is missing is installed here, where other tests wait for it
        drop(Smtp::start(&["plain"]));
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| write(folder.path(), name, text, 0o600);
        let authority = Authority::new("an authority");
        let roots = file("ca.pem", &authority.certificate);
        for (name, pair) in [
            ("good", authority.server(&["localhost"], (-1, 10))),
            ("stranger", Authority::new("another").server(&["localhost"], (-1, 10))),
        ] {
            file(&format!("{name}.crt"), &pair.certificate);
            file(&format!("{name}.key"), &pair.key);
        }
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "tls_is_wanted_and_verified", "--nocapture"]);
        support::tools::run(again.env(FOLDER, folder.path()).env("SSL_CERT_FILE", roots));
        return;
    };
    let file = |name: &str| Path::new(&folder).join(name).display().to_string();
    let pair = |name: &str| [file(&format!("{name}.crt")), file(&format!("{name}.key"))];
    for (mode, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let [certificate, key] = pair("good");
        let mut server = Smtp::start(&[mode, &certificate, &key]);
        let url = |password: &str| format!("{scheme}://user:{password}@localhost:{}", server.port);
        email("a@example.com", &url("p%40ss%20hush")).send(&notice()).unwrap();
        let error = refused(&email("a@example.com", &url("hush")));
        assert!(error.text.contains("does not accept the user and password") && !error.retry, "{error:?}");
        let told = server.message();
        assert_eq!((&told["signed in"], &told["to"]), (&json!(true), &json!(["a@example.com"])), "{mode}");

        let [certificate, key] = pair("stranger");
        let stranger = Smtp::start(&[mode, &certificate, &key]);
        let error = refused(&email("a@example.com", &format!("{scheme}://user:hush@localhost:{}", stranger.port)));
        assert!(error.text.contains(": no TLS: invalid peer certificate") && !error.retry, "{error:?}");
    }
    let receiver = |name: &str| {
        let [certificate, key] = pair(name).map(|f| fs::read_to_string(f).unwrap());
        Receiver::tls(&certificate, &key)
    };
    let send = |to: &Receiver, host: &str| Slack::new(http(), address(&format!("https://{host}:{}/hush", to.port)));
    let good = receiver("good");
    send(&good, "localhost").send(&notice()).unwrap();
    for (receiver, host) in [(&receiver("stranger"), "localhost"), (&good, "127.0.0.1")] {
        let error = refused(&send(receiver, host));
        assert!(error.text.contains(": no TLS: ") && !error.retry, "{error:?}");
    }
}

/// The proxy is that of the process, likewise.
#[test]
fn the_proxy_of_the_environment_is_used() {
    if std::env::var_os("DBAUDIT_TEST_PROXY").is_some() {
        let error = refused(&Slack::new(http(), address("https://hooks.invalid/hush")));
        assert_eq!((error.text.as_str(), error.retry), ("hooks.invalid: the proxy does not connect to it", true));
        return;
    }
    let proxy = Receiver::scripted(vec![Reply::status("502 Bad Gateway")]);
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "the_proxy_of_the_environment_is_used", "--nocapture"]);
    again.env("DBAUDIT_TEST_PROXY", "").env("ALL_PROXY", proxy.url(""));
    support::tools::run(&mut again);
    let [request] = &proxy.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("CONNECT", "hooks.invalid:443"));
}

fn command(line: &str) -> Command {
    Command::new(line, Duration::from_secs(1))
}

#[cfg(unix)]
#[test]
fn a_command_gets_the_notice() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let line = format!(
        "cat > '{}'; printf '%s|' \"$DBAUDIT_SUBJECT\" \"$DBAUDIT_NEW\" \"$DBAUDIT_FIXED\" \"$DBAUDIT_ID\" > '{}'",
        path("json"),
        path("variables")
    );
    let hostile = Notice { source: "$(touch x) `id` ;\0\n".to_owned(), ..notice() };
    command(&line).send(&hostile).unwrap();
    let json = fs::read_to_string(path("json")).unwrap();
    assert_eq!(serde_json::from_str::<Notice>(&json).unwrap(), hostile);
    let variables = fs::read_to_string(path("variables")).unwrap();
    assert_eq!(variables, "dbaudit: 1 new finding in $(touch x) `id` ; |1|0|shop/42|");

    // one that reads nothing of a long notice
    let long = Notice { new: vec![found(); 5000], ..notice() };
    command("exit 0").send(&long).unwrap();
    assert!(!command("exit 1 # hush").send(&long).unwrap_err().retry);
    assert!(refused(&command("exit 75 # hush")).retry, "EX_TEMPFAIL");
    assert!(refused(&command("kill -9 $$ # hush")).text.contains("signal"));
    assert!(refused(&command("/no/such/hush")).text.contains("127"));
}

#[cfg(unix)]
#[test]
fn a_command_that_hangs_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("numbers");
    let hanging = Command::new(
        &format!(
            "exec >/dev/null 2>&1; trap '' TERM INT; sleep 600 & sh -c 'sleep 601; : hush' & echo $$ $! > '{}'; wait",
            file.display()
        ),
        Duration::from_millis(400),
    );
    let error = refused(&hanging);
    assert!(error.text.contains("killed after 400ms") && !error.retry, "{error:?}");
    let numbers = fs::read_to_string(file).unwrap();
    let pids: Vec<&str> = numbers.split_whitespace().collect();
    assert_eq!(pids.len(), 2);
    let alive = |pid: &&&str| {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    };
    let began = Instant::now();
    while pids.iter().any(|p| alive(&p)) {
        assert!(began.elapsed() < Duration::from_secs(5), "{numbers} live on");
        std::thread::sleep(Duration::from_millis(20));
    }
}
