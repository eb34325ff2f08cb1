//! Whom to tell: the options that say over which channels, and the environment that says with which secrets.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::source::connection::Secret;
use crate::watch::notification::{
    Address, Channel, Command, Email, GitHub, GitLab, Http, Limits, Slack, Teams, Webhook,
};

/// How long a command may run.
const COMMAND: Duration = Duration::from_secs(60);

/// Options about notification.
#[derive(Clone, Default, clap::Args)]
#[command(next_help_heading = "Notification")]
pub struct NotifyArgs {
    /// Tell of new and fixed findings over a channel: webhook, slack, teams, email=ADDRESS,…, github=OWNER/REPOSITORY or
    /// gitlab=GROUP/PROJECT; may be repeated. Secrets come from the environment or from files: $DBAUDIT_SLACK_URL or
    /// $DBAUDIT_SLACK_URL_FILE and so on, see docs/notification.md
    #[arg(long = "notify", value_name = "KIND[=WHERE]")]
    to: Vec<String>,
    /// Tell of them by a command of the shell, which gets the notice as JSON on standard input and DBAUDIT_SUBJECT,
    /// DBAUDIT_SOURCE, DBAUDIT_NEW, DBAUDIT_FIXED and others in its environment; it may run for 60 seconds
    #[arg(long = "notify-command", value_name = "COMMAND")]
    commands: Vec<String>,
}

impl NotifyArgs {
    /// The channels that are asked for, in their order; nothing is sent.
    ///
    /// # Errors
    /// If a secret is missing or cannot be one, or a place is none, or a channel is named twice.
    pub fn channels(&self) -> Result<Vec<Box<dyn Channel>>> {
        self.channels_by(&|name| std::env::var(name).ok(), Limits::default())
    }

    /// The same with an environment and limits of one's own.
    ///
    /// # Errors
    /// Likewise.
    pub fn channels_by(&self, variable: Variable<'_>, limits: Limits) -> Result<Vec<Box<dyn Channel>>> {
        if self.to.is_empty() && self.commands.is_empty() {
            return Ok(Vec::new());
        }
        let http = Http::new(limits);
        let mut channels = Vec::new();
        for to in &self.to {
            channels.push(channel(to, &http, variable, limits)?);
        }
        for line in &self.commands {
            if line.trim().is_empty() {
                bail!("--notify-command is empty");
            }
            channels.push(Box::new(Command::new(line, COMMAND)));
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = channels.iter().find(|c| !names.insert(c.name())) {
            bail!("{} is to be notified twice", twice.name());
        }
        Ok(channels)
    }
}

/// Gives the value of an environment variable.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

fn channel(to: &str, http: &Http, variable: Variable<'_>, limits: Limits) -> Result<Box<dyn Channel>> {
    let (kind, place) = to.split_once('=').map_or((to, None), |(kind, place)| (kind, Some(place)));
    let needed = |names: &[&str]| {
        let found = secret(names, variable)?;
        found.with_context(|| {
            let either: Vec<String> = names.iter().map(|n| format!("${n} or ${n}_FILE")).collect();
            format!("--notify {kind} needs {}, and they are not set or empty", either.join(" or "))
        })
    };
    let url = |name: &str| address(name, needed(&[name])?.expose());
    let http = http.clone();
    Ok(match (kind, place) {
        ("webhook", None) => {
            let key = secret(&["DBAUDIT_WEBHOOK_SECRET"], variable)?;
            Box::new(Webhook::new(http, url("DBAUDIT_WEBHOOK_URL")?, key))
        }
        ("slack", None) => Box::new(Slack::new(http, url("DBAUDIT_SLACK_URL")?)),
        ("teams", None) => Box::new(Teams::new(http, url("DBAUDIT_TEAMS_URL")?)),
        ("email", Some(to)) => {
            let server = needed(&["DBAUDIT_SMTP_URL"])?;
            let from = given("DBAUDIT_SMTP_FROM", variable);
            let from = from.context("--notify email needs the sender's address in $DBAUDIT_SMTP_FROM")?;
            let email = Email::new(to, &from, &server, limits.total);
            Box::new(email.map_err(|e| anyhow!("--notify email with $DBAUDIT_SMTP_URL: {e}"))?)
        }
        ("github", Some(repository)) => {
            let token = needed(&["DBAUDIT_GITHUB_TOKEN", "GITHUB_TOKEN"])?;
            let api = given("GITHUB_API_URL", variable).unwrap_or_else(|| "https://api.github.com".to_owned());
            let github = GitHub::new(http, &address("GITHUB_API_URL", &api)?, repository, &token);
            Box::new(github.map_err(|e| anyhow!("--notify github: {e}"))?)
        }
        ("gitlab", Some(project)) => {
            let token = needed(&["DBAUDIT_GITLAB_TOKEN"])?;
            let own = given("DBAUDIT_GITLAB_URL", variable).map(|u| format!("{}/api/v4", u.trim_end_matches('/')));
            let api = own.or_else(|| given("CI_API_V4_URL", variable));
            let api = api.unwrap_or_else(|| "https://gitlab.com/api/v4".to_owned());
            let gitlab = GitLab::new(http, &address("DBAUDIT_GITLAB_URL or $CI_API_V4_URL", &api)?, project, &token);
            Box::new(gitlab.map_err(|e| anyhow!("--notify gitlab: {e}"))?)
        }
        // what was given may be the secret itself: clap would show it, and this does not
        ("webhook" | "slack" | "teams", Some(_)) => {
            bail!("--notify {kind} takes its URL from $DBAUDIT_{}_URL, not from the command line", kind.to_uppercase())
        }
        ("email" | "github" | "gitlab", None) => bail!("--notify {kind} needs to know where: {kind}=…"),
        _ => bail!("--notify takes webhook, slack, teams, email=…, github=… or gitlab=…"),
    })
}

/// A variable; one that is set but empty counts as not set.
fn given(name: &str, variable: Variable<'_>) -> Option<String> {
    variable(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
}

/// The first of these secrets that is given, in `NAME` or in the file that `NAME_FILE` names.
fn secret(names: &[&str], variable: Variable<'_>) -> Result<Option<Secret>> {
    for name in names {
        let file_name = format!("{name}_FILE");
        match (given(name, variable), given(&file_name, variable)) {
            (Some(_), Some(_)) => bail!("${name} and ${file_name} are both set: which one is meant?"),
            (Some(value), None) => return Ok(Some(Secret::new(value))),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read the secret in {path}, which ${file_name} names"))?;
                if text.trim().is_empty() {
                    bail!("{path}, which ${file_name} names, is empty");
                }
                return Ok(Some(Secret::new(text.trim())));
            }
            (None, None) => {}
        }
    }
    Ok(None)
}

fn address(name: &str, url: &str) -> Result<Address> {
    Address::new(url).map_err(|e| anyhow!("${name} {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        notify: NotifyArgs,
    }

    /// Names of the channels, or the error.
    fn channels(args: &[&str], variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let cli = Cli::try_parse_from([&["dbaudit"], args].concat()).map_err(|e| e.to_string())?;
        let variable = |name: &str| variables.iter().find(|v| v.0 == name).map(|v| v.1.to_owned());
        let channels = cli.notify.channels_by(&variable, Limits::default()).map_err(|e| format!("{e:#}"))?;
        Ok(channels.iter().map(|c| c.name().to_owned()).collect())
    }

    #[test]
    fn the_options_agree_with_each_other() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn every_kind_has_a_name_without_secrets() {
        let args = ["webhook", "slack", "teams", "email=a@example.com,b@example.com", "github=o/r", "gitlab=g/s/p"];
        let mut all: Vec<&str> = args.iter().flat_map(|a| ["--notify", a]).collect();
        all.extend(["--notify-command", "curl -H 'Authorization: hush' h"]);
        let variables = [
            ("DBAUDIT_WEBHOOK_URL", "https://h/hush"),
            ("DBAUDIT_WEBHOOK_SECRET", "hush"),
            ("DBAUDIT_SLACK_URL", "https://h/hush"),
            ("DBAUDIT_TEAMS_URL", "https://h/hush"),
            ("DBAUDIT_SMTP_URL", "smtps://u:hush@h"),
            ("DBAUDIT_SMTP_FROM", "dbaudit <dbaudit@example.com>"),
            ("GITHUB_TOKEN", "hush"),
            ("DBAUDIT_GITLAB_TOKEN", "hush"),
        ];
        let names = channels(&all, &variables).unwrap();
        assert_eq!(names[..6], args);
        assert!(names[6].starts_with("command=") && !names[6].contains("hush"), "{names:?}");
        assert_eq!(channels(&[], &[]), Ok(vec![]));
    }

    #[test]
    fn a_missing_secret_is_named() {
        let error = |kind: &str, variables: &[(&str, &str)]| channels(&["--notify", kind], variables).unwrap_err();
        for (kind, name) in [
            ("webhook", "DBAUDIT_WEBHOOK_URL"),
            ("slack", "DBAUDIT_SLACK_URL"),
            ("teams", "DBAUDIT_TEAMS_URL"),
            ("email=a@example.com", "DBAUDIT_SMTP_URL"),
            ("github=o/r", "DBAUDIT_GITHUB_TOKEN"),
            ("gitlab=g/p", "DBAUDIT_GITLAB_TOKEN"),
        ] {
            for variables in [&[][..], &[(name, " ")]] {
                let told = error(kind, variables);
                assert!(told.contains(&format!("${name}")), "{told}");
            }
            let told = error(kind, &[(&format!("{name}_FILE"), "/nowhere/at/all")]);
            assert!(told.contains(name) && told.contains("/nowhere/at/all"), "{told}");
        }
        let told = error("slack", &[("DBAUDIT_SLACK_URL", "hush"), ("DBAUDIT_SLACK_URL_FILE", "f")]);
        assert!(told.contains("both set") && !told.contains("hush"), "{told}");
        let told = error("slack", &[("DBAUDIT_SLACK_URL", "hush")]);
        assert!(told.starts_with("$DBAUDIT_SLACK_URL") && !told.contains("hush"), "{told}");
        let told = error("email=a@example.com", &[("DBAUDIT_SMTP_URL", "smtp://h")]);
        assert!(told.contains("$DBAUDIT_SMTP_FROM"), "{told}");
    }

    #[test]
    fn a_secret_may_be_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let variables = [("DBAUDIT_SLACK_URL_FILE", path)];
        let told = channels(&["--notify", "slack"], &variables).unwrap_err();
        assert!(told.contains("is empty"), "{told}");
        std::fs::write(path, "https://hooks.example/hush\n").unwrap();
        assert_eq!(channels(&["--notify", "slack"], &variables).unwrap(), ["slack"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let error = |args: &[&str]| channels(args, &[("GITHUB_TOKEN", "t")]).unwrap_err();
        let told = error(&["--notify", "slack=https://hooks.slack.com/hush"]);
        assert!(told.contains("takes its URL from $DBAUDIT_SLACK_URL") && !told.contains("hush"), "{told}");
        assert!(error(&["--notify", "pigeon"]).contains("takes webhook, slack"));
        assert!(error(&["--notify", "email"]).contains("email=…"));
        assert!(error(&["--notify", "github=o"]).contains("'o' is no owner/repository"));
        assert!(
            error(&["--notify", "github=o/r", "--notify", "github=o/r"]).contains("github=o/r is to be notified twice")
        );
        assert!(error(&["--notify-command", " "]).contains("empty"));
    }
}
