//! Pages as Chromium sees them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;

/// What became of a page.
pub struct Visit {
    /// The document after its script has run, as HTML.
    pub dom: String,
    /// Everything that the console said: errors, and what the policy refused.
    pub console: Vec<String>,
}

/// Opens a file; `fragment` is what stands behind `#`.
pub fn visit(page: &Path, fragment: &str) -> Visit {
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new(chromium())
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--window-size=1280,1000", "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}#{fragment}", page.display()))
        .timeout(Duration::from_secs(120))
        .output()
        .expect("Chromium runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "Chromium: {stderr}");
    Visit {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: stderr.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect(),
    }
}

fn chromium() -> PathBuf {
    const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|p| p.is_file());
    found.unwrap_or_else(|| panic!("the page is tested in Chromium, and there is none: apt-get install chromium"))
}
