//! The command line of dbaudit.

fn main() -> std::process::ExitCode {
    dbaudit::cli::run()
}
