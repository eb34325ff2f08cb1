//! What the user sees: standard output is the report, standard error is everything else.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::AnsiColor;
use anyhow::{Context, Result};
use time::OffsetDateTime;

use crate::history::stamp;
use crate::report::{self, Style};

/// Form of a list.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Form {
    /// For people
    Table,
    /// For programs
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set; CLICOLOR_FORCE forces it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes it the choice of the whole process.
    pub fn apply(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// How to print a table to `output`, or to standard output.
pub fn style(output: Option<&Path>) -> Style {
    let color = match output {
        Some(_) => anstream::ColorChoice::global() == anstream::ColorChoice::Always,
        None => anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
    };
    let wanted = std::env::var("COLUMNS").ok().and_then(|c| c.parse::<u16>().ok());
    let terminal = || terminal_size::terminal_size().map(|(w, _)| w.0);
    let width = wanted.or_else(terminal).unwrap_or(80);
    // text wider than 120 columns is hard to read; narrower than 60 there is no room for two columns
    Style { width: width.clamp(60, 120), color }
}

/// Writes the report: to a file, whole or not at all, or to standard output.
pub fn write(text: &str, output: Option<&Path>) -> Result<()> {
    match output {
        Some(path) => crate::files::write(path, text),
        None => match std::io::stdout().lock().write_all(text.as_bytes()) {
            // whoever read the output has seen enough: `dbaudit check … | head`
            Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to standard output"),
        },
    }
}

fn label(color: AnsiColor, word: &str) -> String {
    let style = anstyle::Style::new().fg_color(Some(color.into())).bold();
    format!("{style}{word}:{style:#}")
}

/// An error with its causes, on one line each.
pub fn error(error: &anyhow::Error) {
    anstream::eprintln!("{} {error}", label(AnsiColor::Red, "error"));
    for cause in error.chain().skip(1) {
        anstream::eprintln!("  because: {cause}");
    }
}

/// Something that the user should know but that stops nothing.
pub fn warning(text: &str) {
    anstream::eprintln!("{} {text}", label(AnsiColor::Yellow, "warning"));
}

/// Something that only a curious user wants to know.
pub fn note(text: &str) {
    anstream::eprintln!("{} {text}", label(AnsiColor::Cyan, "note"));
}

/// One line of a log, with the time. What came from a database cannot write more than that.
pub fn log(text: &str) {
    eprintln!("{} {}", stamp(OffsetDateTime::now_utc()), report::plain(text));
}

/// Time after which a person wonders whether anything is going on.
const LONG: std::time::Duration = std::time::Duration::from_millis(700);

static NO_PROGRESS: AtomicBool = AtomicBool::new(false);

/// From here on nothing shows that something is going on: several things are, and each writes its lines.
pub fn no_progress() {
    NO_PROGRESS.store(true, Ordering::Relaxed);
}

/// Shows that something long is going on, if there is a terminal to show it on.
pub fn progress(message: String) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new_spinner().with_message(message);
    bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    if std::io::stderr().is_terminal() && !NO_PROGRESS.load(Ordering::Relaxed) {
        let late = bar.clone();
        std::thread::spawn(move || {
            std::thread::sleep(LONG);
            if !late.is_finished() {
                late.set_draw_target(indicatif::ProgressDrawTarget::stderr());
                late.enable_steady_tick(std::time::Duration::from_millis(120));
            }
        });
    }
    bar
}
