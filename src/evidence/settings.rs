//! What sessions begin a transaction with, and what it means for the guards that are missing.
//!
//! A setting is no finding: no guard on a table mends it. It makes the race of a missing guard worse, or not.

use std::collections::BTreeMap;

use crate::engine::{Engine, Product, commits_before_ddl, weaker_isolation_since};

/// What was read of the defaults of a server, database and its roles.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// The server.
    pub engine: Engine,
    /// Who read.
    pub user: String,
    /// Of which database.
    pub database: String,
    /// What the session that read began with.
    pub session: Vec<OfSession>,
    /// What roles and databases begin with.
    pub roles: Vec<OfRole>,
    /// The level at which a transaction ran that asked for a weaker one than SERIALIZABLE, by the level asked for. Empty
    /// where a level that is asked for is always given.
    pub given: BTreeMap<&'static str, String>,
    /// Why something could not be read.
    pub unread: Vec<String>,
}

/// A setting of the session that read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfSession {
    /// Name of the setting.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it comes from, in PostgreSQL's words; CockroachDB does not tell.
    pub source: Option<String>,
}

/// A setting that `ALTER ROLE … SET` or `ALTER DATABASE … SET` made a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfRole {
    /// For one role, or for all.
    pub role: Option<String>,
    /// In one database, or in all.
    pub database: Option<String>,
    /// Name of the setting.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A setting as it is reported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Setting {
    /// Whose default it is: `server`, `session`, `database shop`, `role app`, `all roles`, `role app in database shop`.
    pub scope: String,
    /// Its name.
    pub name: String,
    /// Its value; `None` if it could not be read.
    pub value: Option<String>,
    /// Whether the server does as it says; `None` if that is not known.
    pub in_force: Option<bool>,
    /// What it means for guards.
    pub meaning: String,
}

/// The level that PostgreSQL begins with.
pub const READ_COMMITTED: &str = "read committed";
/// The level between it and SERIALIZABLE.
pub const REPEATABLE_READ: &str = "repeatable read";

const ISOLATION: &str = "default_transaction_isolation";

/// The settings that bear on guards, with their meaning beside so many findings whose guard stands against a race.
pub fn judge(defaults: &Defaults, races: usize) -> Vec<Setting> {
    let cockroach = defaults.engine.is_cockroach();
    let mut out = Vec::new();
    for s in &defaults.session {
        let scope = match s.source.as_deref() {
            // as the server was built
            Some("default") if s.name != ISOLATION => continue,
            // told where it was set, below
            Some("global" | "database" | "user" | "database user") => continue,
            Some("client" | "session" | "interactive" | "override") => "session",
            Some(_) => "server",
            None if is_told(defaults, s) => continue,
            None => "session",
        };
        out.extend(defaults.setting(scope.to_owned(), &s.name, &s.value, races));
    }
    for r in &defaults.roles {
        if r.database.as_ref().is_some_and(|d| *d != defaults.database) {
            continue;
        }
        let scope = match (&r.role, &r.database) {
            (Some(role), None) => format!("role {role}"),
            (Some(role), Some(database)) => format!("role {role} in database {database}"),
            (None, Some(database)) => format!("database {database}"),
            (None, None) => "all roles".to_owned(),
        };
        out.extend(defaults.setting(scope, &r.name, &r.value, races));
    }
    if cockroach && defaults.user == "root" {
        out.push(Setting {
            scope: "session".to_owned(),
            name: "user".to_owned(),
            value: Some("root".to_owned()),
            in_force: None,
            meaning: "root gets no defaults of roles and databases: what an application's session begins with is only \
                      what is listed here for its role"
                .to_owned(),
        });
    }
    for reason in &defaults.unread {
        out.push(Setting {
            scope: "server".to_owned(),
            name: "session defaults".to_owned(),
            value: None,
            in_force: None,
            meaning: format!("could not be read, so a weaker isolation level may be in use: {reason}"),
        });
    }
    out
}

/// Whether what the session has is the default of its role or database.
fn is_told(defaults: &Defaults, session: &OfSession) -> bool {
    let here = |r: &&OfRole| {
        r.database.as_ref().is_none_or(|d| *d == defaults.database)
            && r.role.as_ref().is_none_or(|role| *role == defaults.user)
    };
    defaults.roles.iter().filter(here).any(|r| r.name == session.name && r.value.eq_ignore_ascii_case(&session.value))
}

impl Defaults {
    fn setting(&self, scope: String, name: &str, value: &str, races: usize) -> Option<Setting> {
        let on = matches!(value.to_ascii_lowercase().as_str(), "on" | "true" | "yes" | "1");
        let (in_force, meaning) = match name {
            ISOLATION => self.isolation(value, races)?,
            "default_transaction_use_follower_reads" if on => (
                Some(true),
                "a read-only transaction sees the rows as they were some seconds ago: what it finds is no ground for a \
                 write, and only a guard notices that it is out of date"
                    .to_owned(),
            ),
            "enable_implicit_select_for_update" if !on => (
                Some(true),
                "an UPDATE does not lock the rows while it looks for them: concurrent ones are retried more often, none \
                 is lost for it"
                    .to_owned(),
            ),
            // where it is the default it is nobody's decision
            "autocommit_before_ddl" if on && !commits_before_ddl(&self.engine) => (
                Some(true),
                "a schema change in the middle commits the transaction: what was read before it is no longer protected \
                 by it"
                    .to_owned(),
            ),
            "session_replication_role" if value.eq_ignore_ascii_case("replica") => (
                Some(true),
                "foreign keys and triggers are not looked at in such a session: whatever it writes stays unchecked, and \
                 validated constraints no longer hold"
                    .to_owned(),
            ),
            _ => return None,
        };
        Some(Setting { scope, name: name.to_owned(), value: Some(value.to_owned()), in_force, meaning })
    }

    /// Whether a default level is in force, and what it means. `None` for CockroachDB's own default.
    fn isolation(&self, value: &str, races: usize) -> Option<(Option<bool>, String)> {
        let level = match value.to_ascii_lowercase().as_str() {
            "read committed" | "read uncommitted" => READ_COMMITTED,
            "repeatable read" | "snapshot" => REPEATABLE_READ,
            "serializable" if self.engine.is_cockroach() => return None,
            "serializable" => {
                let meaning =
                    "transactions that read and write refuse each other's races, as long as all that take part \
                               run at this level; statements outside of a transaction still race"
                        .to_owned();
                return Some((Some(true), meaning));
            }
            _ => return Some((None, "this level is not known to dbaudit".to_owned())),
        };
        let in_force = self.in_force(level);
        if in_force == Some(false) {
            let meaning = format!(
                "such transactions run as SERIALIZABLE on this server; the level comes into force {}",
                weaker_isolation_since(level == READ_COMMITTED)
            );
            return Some((in_force, meaning));
        }
        let mut meaning = match level {
            READ_COMMITTED => {
                "each statement sees what others have committed in between: to look and then to write races even within \
                 one transaction, unless the rows that were looked at are locked (SELECT … FOR UPDATE)"
            }
            _ => {
                "a lost update is refused (40001), but two transactions that read the same rows and write different ones \
                 both commit: a look before an INSERT holds nothing"
            }
        }
        .to_owned();
        if value.eq_ignore_ascii_case("read uncommitted") {
            meaning = format!("runs as READ COMMITTED: {meaning}");
        } else if self.engine.product == Product::PostgreSql && level == READ_COMMITTED {
            meaning = format!("PostgreSQL's own default: {meaning}");
        }
        if races > 0 {
            let these = if races == 1 { "The finding below is" } else { "The findings below are" };
            meaning += &format!(
                ". {these} open to it. SERIALIZABLE would help only where look and write are in one transaction; as \
                 statements of their own they race at every level"
            );
        }
        Some((in_force, meaning))
    }

    fn in_force(&self, level: &'static str) -> Option<bool> {
        if !self.engine.is_cockroach() {
            // YugabyteDB reports a level that it may run as another
            return (self.engine.product == Product::PostgreSql).then_some(true);
        }
        self.given.get(level).map(|given| !given.eq_ignore_ascii_case("serializable"))
    }
}
