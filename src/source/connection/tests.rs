//! Tests of everything up to the settings; `tests/connection.rs` holds those that need a peer.

use super::*;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn bare() -> Environment {
    Environment::default().with_user("ann")
}

fn settings(text: &str) -> Settings {
    Settings::new(text, &bare()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refusal(text: &str, environment: &Environment) -> String {
    match Settings::new(text, environment) {
        Ok(settings) => panic!("{text} was accepted as {settings}"),
        Err(error) => error.to_string(),
    }
}

fn password(settings: &Settings) -> Option<&str> {
    settings.hosts.first()?.password.as_ref().map(|password| password.secret.expose())
}

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("a file");
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("permissions");
    let _ = mode;
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn both_forms_in_all_their_variety() {
    // text, redacted, password
    let table = [
        ("postgresql://root@db:26257/booking?sslmode=disable", "postgresql://root@db:26257/booking", None),
        ("postgres://root:pw@db/booking", "postgresql://root@db:5432/booking", Some("pw")),
        ("cockroachdb://root@db:26257", "postgresql://root@db:26257", None),
        ("cockroach://root@db:26257/defaultdb", "postgresql://root@db:26257/defaultdb", None),
        ("postgresql+asyncpg://root@db:26257/x", "postgresql://root@db:26257/x", None),
        ("jdbc:postgresql://db:26257/x?user=root&password=a%20b", "postgresql://root@db:26257/x", Some("a b")),
        ("postgresql://", "postgresql://ann@localhost:5432", None),
        ("postgresql:///x", "postgresql://ann@localhost:5432/x", None),
        ("postgresql://db", "postgresql://ann@db:5432", None),
        ("postgresql://:26257/x", "postgresql://ann@localhost:26257/x", None),
        ("postgresql://h1:1,h2:2,h3/x", "postgresql://ann@h1:1,h2:2,h3:5432/x", None),
        ("postgresql://[::1]:26257,[fe80::2]/x", "postgresql://ann@[::1]:26257,[fe80::2]:5432/x", None),
        ("postgresql://j%40corp:p%3Aw%2F%25@db/my%20db", "postgresql://j%40corp@db:5432/my%20db", Some("p:w/%")),
        ("postgresql://u:p@ss:w@db/x", "postgresql://u@db:5432/x", Some("p@ss:w")),
        ("postgresql://u:p#[],=+'\"@db/x", "postgresql://u@db:5432/x", Some("p#[],=+'\"")),
        ("postgresql://u@%2Fvar%2Frun/x", "postgresql://u@%2Fvar%2Frun:5432/x", None),
        ("postgresql://u@/x?host=/var/run", "postgresql://u@%2Fvar%2Frun:5432/x", None),
        ("postgresql://u@one/x?host=two&host=three", "postgresql://u@three:5432/x", None),
        ("postgresql://u:über@db/größe", "postgresql://u@db:5432/gr%C3%B6%C3%9Fe", Some("über")),
        ("host=db port=26257 user=root dbname=booking password=pw", "postgresql://root@db:26257/booking", Some("pw")),
        (" host = db  user= 'a b' ", "postgresql://a%20b@db:5432", None),
        (r"host=db user=u password='it\'s \\ here'", "postgresql://u@db:5432", Some(r"it's \ here")),
        (r"host=db user=u password=a\ b\'c", "postgresql://u@db:5432", Some("a b'c")),
        ("host=db user=u password=''", "postgresql://u@db:5432", None),
        ("host=h1,h2 port=1,2 user=u", "postgresql://u@h1:1,h2:2", None),
        ("host=h1,h2 port=26257 user=u", "postgresql://u@h1:26257,h2:26257", None),
        ("host=db hostaddr=10.0.0.1 user=u", "postgresql://u@db:5432", None),
        ("hostaddr=::1 user=u", "postgresql://u@[::1]:5432", None),
        ("host=/tmp port=6 user=u", "postgresql://u@%2Ftmp:6", None),
        ("", "postgresql://ann@localhost:5432", None),
    ];
    for (text, redacted, secret) in table {
        let settings = settings(text);
        assert_eq!(settings.redacted(), redacted, "{text}");
        assert_eq!(password(&settings), secret, "{text}");
        // What is shown can be used again.
        let again = self::settings(&redacted.replace("postgresql://", "postgres://"));
        assert_eq!((again.redacted(), again.user), (settings.redacted(), settings.user), "{text}");
    }
}

#[test]
fn redaction_before_anything_is_filled_in() {
    let table = [
        ("postgresql://root:pw@host:26257/booking?sslmode=verify-full", "postgresql://root@host:26257/booking"),
        ("host=h1,h2 port=26257 user=root password=pw dbname=a/b", "postgresql://root@h1:26257,h2:26257/a%2Fb"),
        ("host=h1,h2 port=1,2 password=pw", "postgresql://h1:1,h2:2"),
        ("password=pw", "postgresql://"),
    ];
    for (text, redacted) in table {
        let string = ConnectionString::parse(text).expect(text);
        assert_eq!(string.to_string(), redacted);
        assert_eq!(format!("{string:?}"), format!("ConnectionString({redacted})"));
    }
}

#[test]
fn a_connection_string_is_told_from_a_file_name() {
    for text in
        ["postgresql://h", "postgres://", "mysql://h/x", "host=db", "password='a b' host=c", "jdbc:postgresql://h"]
    {
        assert!(ConnectionString::recognises(text), "{text}");
    }
    for text in ["schema.sql", "-", "migrations/", "C:\\schema.sql", "./a=b.sql", "", "=x"] {
        assert!(!ConnectionString::recognises(text), "{text}");
    }
}

#[test]
fn every_mistake_has_its_own_message() {
    let table = [
        ("mysql://u@h/x", "must start with postgresql://"),
        ("just words", "neither a URL"),
        ("host=db sslmode", "neither a URL"),
        ("host=db password=correct horse user=u", "contain a space: put it in single quotes"),
        ("host=db password='sesame", "no closing single quote"),
        ("postgresql://u:pa/ss@h/x", "@ behind its host part"),
        ("postgresql://u:1?2@h/x", "@ behind its host part"),
        (
            "postgresql://u:100%@h/x",
            "the password in the connection URL is not percent-encoded correctly: write % itself as %25",
        ),
        ("postgresql://u%zz@h/x", "the user name in"),
        ("postgresql://u@h/x%ff", "the database name in"),
        ("postgresql://u@h:port/x", "the port in the connection URL is not a number"),
        ("postgresql://u@::1/x", "not a number"),
        ("postgresql://u@[::1/x", "in brackets"),
        ("postgresql://u@[::1]5/x", "in brackets"),
        ("postgresql://u@h:0/x", "from 1 to 65535"),
        ("postgresql://u@h:99999/x", "from 1 to 65535"),
        ("hostaddr=db", "must be an IP address"),
        ("host=a,b port=1,2,3", "differ in length"),
        ("host=a,b hostaddr=10.0.0.1", "differ in length"),
        ("postgresql://h/x?sslmod=require", "unknown connection parameter `sslmod`; did you mean `sslmode`?"),
        ("postgresql://h/x?ssl_root_cert=a", "did you mean `sslrootcert`?"),
        ("host=h database=x", "unknown connection parameter `database`; did you mean `dbname`?"),
        ("host=h username=x", "did you mean `user`?"),
        ("postgresql://h/x?statement_timeouts=5", "options=-c name=value"),
        ("postgresql://h/x?sslmode", "not of the form name=value"),
        ("postgresql://us?er:sesame=1/x", "name=value"),
        ("host=h my:sesame=1", "name=value"),
        ("host=h sslmode=on", "`sslmode` must be one of: disable, allow, prefer, require, verify-ca, verify-full"),
        ("host=h connect_timeout=soon", "`connect_timeout` must be one of: a whole number of seconds"),
        ("host=h channel_binding=yes", "disable, prefer, require"),
        ("host=h target_session_attrs=any-old", "read-write"),
        ("host=h sslrootcert=system sslmode=require", "sslrootcert=system needs sslmode=verify-full"),
        ("host=h sslmode=verify-ca", "give it with sslrootcert=FILE (for CockroachDB: certs/ca.crt)"),
        ("host=h sslcert=c.crt", "sslkey=FILE"),
        ("host=h ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", "no TLS version is left"),
        ("host=h require_auth=none", "`require_auth` is not supported"),
        ("host=h sslpassword=hushhush", "`sslpassword` is not supported"),
        ("host=h gssencmode=require", "`gssencmode` must be one of: prefer, disable"),
        ("service=nowhere", "the service `nowhere` is not defined"),
    ];
    for (text, expected) in table {
        let message = refusal(text, &bare());
        assert!(message.contains(expected), "{text}: {message}");
        for secret in ["horse", "sesame", "ss@", "100", "hushhush"] {
            assert!(!message.contains(secret), "{text}: {message}");
        }
    }
    assert!(refusal("host=h", &Environment::default()).contains("no user name is known"));
}

#[test]
fn harmless_parameters_are_passed_over() {
    let text = "host=h keepalives=1 keepalives_idle=5 gssencmode=disable client_encoding=latin1 sslcompression=0 \
                tcp_user_timeout=4 krbsrvname=x load_balance_hosts=random sslnegotiation=postgres";
    assert_eq!(settings(text).warnings, Vec::<String>::new());
    let warnings = settings("postgresql://h/x?schema=public&pgbouncer=true").warnings;
    assert_eq!(warnings.len(), 2);
    assert!(warnings.iter().any(|warning| warning.contains("`schema` means nothing to dbaudit")));
}

#[test]
fn session_parameters() {
    let plain = settings("host=h");
    assert_eq!(plain.application_name, "dbaudit");
    assert_eq!(plain.connect_timeout, Some(std::time::Duration::from_secs(10)));
    assert_eq!((plain.options, plain.database), (None, None));

    let full = settings(
        "postgresql://h/x?options=--cluster%3Dtidy-cat-123%20-c%20statement_timeout%3D5s&connect_timeout=3&channel_binding=require\
         &target_session_attrs=prefer-standby&application_name=my%20audit",
    );
    assert_eq!(full.options.as_deref(), Some("--cluster=tidy-cat-123 -c statement_timeout=5s"));
    assert_eq!(full.connect_timeout, Some(std::time::Duration::from_secs(3)));
    assert_eq!(full.channel_binding, ChannelBinding::Require);
    assert_eq!(full.session_attributes, SessionAttributes::PreferStandby);
    assert_eq!(full.application_name, "my audit");

    assert_eq!(settings("host=h cluster=tidy-cat-1").options.as_deref(), Some("--cluster=tidy-cat-1"));
    assert_eq!(settings("host=h cluster=a options='-c b=c'").options.as_deref(), Some("--cluster=a -c b=c"));
    assert_eq!(settings("host=h cluster=a options=--cluster=b").options.as_deref(), Some("--cluster=b"));
    assert_eq!(settings("host=h connect_timeout=0").connect_timeout, None);

    // CockroachDB answers differently to a client of this name.
    let named = settings("host=h application_name=pg_dump");
    assert_eq!((named.application_name.as_str(), named.warnings.len()), ("dbaudit", 1));
}

#[test]
fn tls_modes_and_what_vouches_for_the_server() {
    let home = TempDir::new().expect("a folder");
    let with_root = bare().with_home(home.path());
    let default = write(home.path(), ".postgresql/root.crt", "", 0o600);
    let system = || Roots::System { file: None, directory: None };
    let file = |path: &str| Roots::File(path.into());
    // text, without ~/.postgresql/root.crt, with it
    let table = [
        ("host=h", SslMode::Prefer, Roots::Unchecked, Roots::Unchecked),
        ("host=h sslmode=disable sslrootcert=ca.crt", SslMode::Disable, Roots::Unchecked, Roots::Unchecked),
        ("host=h sslmode=allow", SslMode::Allow, Roots::Unchecked, Roots::Unchecked),
        ("host=h sslrootcert=ca.crt", SslMode::Prefer, file("ca.crt"), file("ca.crt")),
        ("host=h sslmode=require", SslMode::Require, Roots::Unchecked, file(&default)),
        ("postgresql://h/?ssl=true", SslMode::Require, Roots::Unchecked, file(&default)),
        ("host=h sslmode=require sslrootcert=ca.crt", SslMode::Require, file("ca.crt"), file("ca.crt")),
        ("host=h sslmode=verify-ca sslrootcert=ca.crt", SslMode::VerifyCa, file("ca.crt"), file("ca.crt")),
        ("host=h sslmode=verify-full", SslMode::VerifyFull, system(), file(&default)),
        ("host=h sslmode=verify-full sslrootcert=system", SslMode::VerifyFull, system(), system()),
        ("host=h sslrootcert=system", SslMode::VerifyFull, system(), system()),
    ];
    for (text, mode, without, with) in table {
        let tls = settings(text).tls;
        assert_eq!((tls.mode, tls.roots), (mode, without), "{text}");
        assert_eq!(Settings::new(text, &with_root).expect(text).tls.roots, with, "{text}");
    }

    let certs = "postgresql://root@h:26257/x?sslmode=verify-full&sslrootcert=~/ca.crt&sslcert=certs/client.root.crt&sslkey=certs/client.root.key";
    let tls = Settings::new(certs, &with_root).expect(certs).tls;
    assert_eq!(tls.roots, Roots::File(home.path().join("ca.crt")));
    assert_eq!(tls.client, Some(("certs/client.root.crt".into(), "certs/client.root.key".into())));

    let certificate = write(home.path(), ".postgresql/postgresql.crt", "", 0o600);
    let key = write(home.path(), ".postgresql/postgresql.key", "", 0o600);
    let client = |text| Settings::new(text, &with_root).expect(text).tls.client;
    assert_eq!(client("host=h"), Some((certificate.into(), key.into())));
    assert_eq!(client("host=h sslcertmode=disable"), None);
    assert_eq!(client("host=h sslmode=disable"), None);

    assert_eq!(settings("host=h ssl_min_protocol_version=TLSv1").tls.versions, (true, true));
    assert_eq!(settings("host=h ssl_min_protocol_version=TLSv1.3").tls.versions, (false, true));
    assert_eq!(settings("host=h ssl_max_protocol_version=TLSv1.2").tls.versions, (true, false));
    assert!(!settings("host=h sslsni=0").tls.sni);
}

#[test]
fn variables_stand_behind_the_string() {
    let environment = bare()
        .with("PGHOST", "envhost")
        .with("PGPORT", "26257")
        .with("PGDATABASE", "envdb")
        .with("PGUSER", "envuser")
        .with("PGPASSWORD", "envpw")
        .with("PGSSLMODE", "require")
        .with("PGOPTIONS", "-c a=b")
        .with("PGAPPNAME", "cron")
        .with("PGCONNECT_TIMEOUT", "4")
        .with("PGTARGETSESSIONATTRS", "primary")
        .with("PGCHANNELBINDING", "disable");
    let all = Settings::new("", &environment).expect("settings");
    assert_eq!(all.redacted(), "postgresql://envuser@envhost:26257/envdb");
    assert_eq!(password(&all), Some("envpw"));
    assert_eq!((all.tls.mode, all.options.as_deref()), (SslMode::Require, Some("-c a=b")));
    assert_eq!(all.application_name, "dbaudit");
    assert_eq!(all.connect_timeout, Some(std::time::Duration::from_secs(4)));
    assert_eq!(all.session_attributes, SessionAttributes::Primary);
    assert_eq!(all.channel_binding, ChannelBinding::Disable);

    let own = Settings::new("postgresql://u:pw@h:1/d?sslmode=disable", &environment).expect("settings");
    assert_eq!(own.redacted(), "postgresql://u@h:1/d");
    assert_eq!((password(&own), own.tls.mode), (Some("pw"), SslMode::Disable));

    // An empty variable is none; an empty value in the string hides the variable.
    assert_eq!(
        Settings::new("", &bare().with("PGHOST", "")).expect("settings").redacted(),
        "postgresql://ann@localhost:5432"
    );
    assert_eq!(Settings::new("dbname='' password=''", &environment).expect("settings").database, None);
    assert!(refusal("", &bare().with("PGSSLMODE", "on")).contains("`sslmode` must be one of"));
    assert!(refusal("", &bare().with("PGREQUIREAUTH", "none")).contains("`require_auth` is not supported"));
}

#[test]
fn a_local_server_is_found_by_its_socket() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), ".s.PGSQL.7777", "", 0o600);
    let environment = bare().with_socket_directory(folder.path());
    let target = |text| Settings::new(text, &environment).expect(text).hosts.swap_remove(0).target;
    assert_eq!(target("port=7777"), Target::Socket(folder.path().to_owned()));
    assert_eq!(target("port=7778"), Target::Tcp { name: "localhost".to_owned(), address: None });
}

#[test]
fn services() {
    let folder = TempDir::new().expect("a folder");
    let text = "# comment\n\n[other]\nhost=wrong\n[shop]\nhost=db1\n port = 26257 \npassword=a b#c\nsslmode=require\n[last]\nbogus=1\n";
    write(folder.path(), ".pg_service.conf", text, 0o600);
    write(folder.path(), "etc/pg_service.conf", "[wide]\nhost=wide\n", 0o600);
    let environment = bare()
        .with_home(folder.path())
        .with("PGSYSCONFDIR", folder.path().join("etc").to_str().expect("UTF-8"))
        .with("PGHOST", "envhost")
        .with("PGPASSWORD", "envpw");
    let shop = Settings::new("service=shop dbname=x", &environment).expect("settings");
    assert_eq!(shop.redacted(), "postgresql://ann@db1:26257/x");
    assert_eq!((password(&shop), shop.tls.mode), (Some("a b#c"), SslMode::Require));
    let explicit = Settings::new("postgresql://h2/?service=shop", &environment).expect("settings");
    assert_eq!(explicit.redacted(), "postgresql://ann@h2:26257");
    let wide = Settings::new("", &environment.clone().with("PGSERVICE", "wide")).expect("settings");
    assert_eq!(wide.redacted(), "postgresql://ann@wide:5432");

    let message = refusal("service=last", &environment);
    assert!(message.contains(".pg_service.conf, line 11: unknown connection parameter `bogus`"), "{message}");
    assert!(refusal("service=none", &environment).contains("`none` is not defined"));
    let message = refusal("service=x", &bare().with("PGSERVICEFILE", "/nowhere/services"));
    assert!(message.contains("the service file /nowhere/services cannot be read"), "{message}");
}

#[test]
fn password_file() {
    let folder = TempDir::new().expect("a folder");
    let text = "# db:*:*:*:no\nbroken line\ndb:26257:booking:root:exact\ndb:*:*:root:any\\:port\\\\\n\
                ::1:1:x:u:no\n\\:\\:1:*:*:*:six\n*:*:*:boss:star\nlocalhost:*:ann:ann:own\n/sock:*:*:*:sock\ndb2:*:*:*:\n";
    let path = write(folder.path(), ".pgpass", text, 0o600);
    let environment = bare().with_home(folder.path());
    let table = [
        ("postgresql://root@db:26257/booking", Some("exact")),
        ("postgresql://root@db:5432/booking", Some("any:port\\")),
        ("postgresql://u@[::1]:9/x", Some("six")),
        ("postgresql://boss@anywhere/x", Some("star")),
        ("postgresql://localhost", Some("own")),
        ("host=/sock user=u", Some("sock")),
        ("postgresql://other@db2/x", None),
        ("postgresql://other@db/x", None),
        ("postgresql://root:explicit@db:26257/booking", Some("explicit")),
    ];
    for (text, expected) in table {
        let settings = Settings::new(text, &environment).expect(text);
        assert_eq!(password(&settings), expected, "{text}");
        assert_eq!(settings.warnings, Vec::<String>::new());
    }
    // One password for each host.
    let several = Settings::new("postgresql://root@db:26257,db:1,other:1/booking", &environment).expect("settings");
    let passwords: Vec<_> =
        several.hosts.iter().map(|host| host.password.as_ref().map(|p| p.secret.expose())).collect();
    assert_eq!(passwords, [Some("exact"), Some("any:port\\"), None]);

    let elsewhere = write(folder.path(), "else", "*:*:*:*:elsewhere", 0o600);
    let named = environment.clone().with("PGPASSFILE", &elsewhere);
    assert_eq!(password(&Settings::new("host=h", &named).expect("settings")), Some("elsewhere"));
    let with_variable = environment.clone().with("PGPASSWORD", "variable");
    assert_eq!(
        password(&Settings::new("postgresql://root@db:26257/booking", &with_variable).expect("settings")),
        Some("variable")
    );

    #[cfg(unix)]
    {
        write(folder.path(), ".pgpass", text, 0o644);
        let loose = Settings::new("postgresql://root@db:26257/booking", &environment).expect("settings");
        assert_eq!(password(&loose), None);
        let expected = format!(
            "the password file {path} is ignored because others may read it (mode 0644); run: chmod 600 {path}"
        );
        assert_eq!(loose.warnings, [expected]);
    }
}

/// Every text that comes of a password, however it is given and whether or not it is understood.
fn shown(text: &str, environment: &Environment) -> String {
    let string = ConnectionString::parse(text);
    let settings = Settings::new(text, environment);
    let mut shown = format!("{string:?} {settings:?} {environment:?}");
    match string {
        Ok(string) => shown += &string.to_string(),
        Err(error) => shown += &error.to_string(),
    }
    match settings {
        Ok(settings) => shown += &format!("{settings} {:?} {:?} {:?}", settings.hosts, settings.tls, settings.warnings),
        Err(error) => shown += &error.to_string(),
    }
    shown
}

const MARK: &str = "Zq7x";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Passwords as people type them, full of signs that mean something in a URL or a list of pairs.
    #[test]
    fn no_text_ever_shows_a_piece_of_the_password(
        signs in prop::collection::vec("[/?#@:&=%,;' \\\\\\[\\]+*a5ü\n]{0,3}", 1..4)
    ) {
        let raw = signs.iter().fold(MARK.to_owned(), |text, sign| text + sign + MARK);
        let encoded = percent_encoding::utf8_percent_encode(&raw, percent_encoding::NON_ALPHANUMERIC);
        let quoted = raw.replace('\\', "\\\\").replace('\'', "\\'");
        let texts = [
            format!("postgresql://u:{encoded}@db:26257/x?sslmode=disable"),
            format!("postgresql://db:26257/x?user=u&password={encoded}"),
            format!("postgresql://u:{encoded}@db:port/x"),
            format!("postgresql://u:{encoded}@db/x?sslmod=disable"),
            format!("postgresql://u:{raw}@db:26257/x?sslmode=disable"),
            format!("postgresql://u:{raw}@db/x?sslmod=disable"),
            format!("host=db password='{quoted}' user=u"),
            format!("host=db password='{quoted}' usr=u"),
            format!("host=db password={raw} user=u"),
            format!("password={raw} bogus"),
        ];
        for text in texts {
            let shown = shown(&text, &bare().with("PGPASSWORD", raw.as_str()));
            prop_assert!(!shown.contains(MARK), "{text} gave {shown}");
        }
        let exact = Settings::new(&format!("postgresql://u:{encoded}@db/x"), &bare()).expect("an encoded password");
        prop_assert_eq!(password(&exact), Some(raw.as_str()));
        let exact = Settings::new(&format!("host=db password='{quoted}'"), &bare()).expect("a quoted password");
        prop_assert_eq!(password(&exact), Some(raw.as_str()));
    }

    /// Nothing that a user may write brings the reader down.
    #[test]
    fn any_text_is_read_or_refused(text in "(postgres(ql)?://)?[a-z0-9@:/?&=%,'\\\\ \\[\\]ü]{0,40}") {
        let _ = shown(&text, &bare());
        let _ = ConnectionString::recognises(&text);
    }
}
